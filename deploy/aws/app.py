"""`python deploy/aws/app.py` writes the CloudFormation template of the replies service; `cdk deploy` deploys it."""

from __future__ import annotations

import aws_cdk as cdk
from stack import RepliesStack

app = cdk.App()
RepliesStack(app, "VerbosifyReplies", description="Replies from nobody: a page where three strangers reply.")
app.synth()
