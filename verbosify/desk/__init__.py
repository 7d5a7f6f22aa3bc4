"""The writing desk: a tree of drafts and what the model says in it, token by token; its server, widget and API.

Below it everything is a verb (`desk.Desk`): a JSON object in, a JSON object or a stream of events out. The server, the
notebook widget and the tests only carry verbs. Knows no piece: whoever starts the desk may lend it one (`lending`).
"""
