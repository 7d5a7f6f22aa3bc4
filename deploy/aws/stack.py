"""The replies service on AWS: one container that keeps its model warm, Redis, a static page, and an alarm for its cost.

CloudFront is all that the world sees. It fetches from a load balancer, which takes requests with a secret header
alone, and from a bucket that nobody else may read. There is no NAT gateway: the task has a public address, and a
security group that lets in nothing but the load balancer.
"""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_efs as efs
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secrets

PORT = 8002
USER = "10001"
NETWORK = "10.8.0.0/16"


class RepliesStack(cdk.Stack):
    """All of it; what differs from one deployment to the next are parameters."""

    def __init__(self, scope: cdk.App, name: str, **options: Any) -> None:
        super().__init__(scope, name, **options)
        image = cdk.CfnParameter(self, "ImageTag", default="latest", description="Tag of the image in the repository.")
        email = cdk.CfnParameter(self, "AlarmEmail", description="Who is told when it costs too much.")
        limit = cdk.CfnParameter(self, "MonthlyLimit", type="Number", default=130, description="US dollars a month.")
        vpc = ec2.Vpc(
            self,
            "Network",
            ip_addresses=ec2.IpAddresses.cidr(NETWORK),
            max_azs=2,
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=24),
                ec2.SubnetConfiguration(name="isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=24),
            ],
        )
        service_group = ec2.SecurityGroup(self, "ServiceGroup", vpc=vpc, description="The task")
        redis = self._redis(vpc, service_group)
        task = self._task(vpc, service_group, redis, image.value_as_string)
        service = ecs.FargateService(
            self,
            "Service",
            cluster=ecs.Cluster(self, "Cluster", vpc=vpc),
            task_definition=task,
            desired_count=1,
            # One at a time writes the record: the old task ends before the new one begins.
            min_healthy_percent=0,
            max_healthy_percent=100,
            assign_public_ip=True,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            security_groups=[service_group],
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
        )
        page = s3.Bucket(
            self,
            "Page",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        distribution = self._distribution(page, *self._balancer(vpc, service))
        self._alarm(email.value_as_string, limit.value_as_number)
        cdk.CfnOutput(self, "Address", value=f"https://{distribution.distribution_domain_name}")
        cdk.CfnOutput(self, "PageBucket", value=page.bucket_name)

    def _redis(self, vpc: ec2.Vpc, service_group: ec2.SecurityGroup) -> elasticache.CfnCacheCluster:
        group = ec2.SecurityGroup(self, "RedisGroup", vpc=vpc, description="Redis", allow_all_outbound=False)
        group.add_ingress_rule(service_group, ec2.Port.tcp(6379), "The task counts here")
        isolated = vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED).subnet_ids
        subnets = elasticache.CfnSubnetGroup(self, "RedisSubnets", description="Redis", subnet_ids=isolated)
        return elasticache.CfnCacheCluster(
            self,
            "Redis",
            engine="redis",
            engine_version="7.1",
            cache_node_type="cache.t4g.micro",
            num_cache_nodes=1,
            cache_subnet_group_name=subnets.ref,
            vpc_security_group_ids=[group.security_group_id],
            snapshot_retention_limit=0,  # what it counts is worth minutes
        )

    def _task(
        self, vpc: ec2.Vpc, service_group: ec2.SecurityGroup, redis: elasticache.CfnCacheCluster, tag: str
    ) -> ecs.FargateTaskDefinition:
        repository = ecr.Repository(
            self,
            "Images",
            image_scan_on_push=True,
            lifecycle_rules=[ecr.LifecycleRule(max_image_count=3)],
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        files = efs.FileSystem(
            self,
            "Record",
            vpc=vpc,
            encrypted=True,
            enable_automatic_backups=True,
            removal_policy=cdk.RemovalPolicy.RETAIN,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
        )
        files.connections.allow_default_port_from(service_group, "The task writes its record here")
        access = files.add_access_point(
            "RecordAccess",
            path="/replies",
            create_acl=efs.Acl(owner_uid=USER, owner_gid=USER, permissions="700"),
            posix_user=efs.PosixUser(uid=USER, gid=USER),
        )
        task = ecs.FargateTaskDefinition(
            self,
            "Task",
            cpu=2048,
            memory_limit_mib=4096,
            volumes=[
                ecs.Volume(
                    name="record",
                    efs_volume_configuration=ecs.EfsVolumeConfiguration(
                        file_system_id=files.file_system_id,
                        transit_encryption="ENABLED",
                        authorization_config=ecs.AuthorizationConfig(
                            access_point_id=access.access_point_id, iam="ENABLED"
                        ),
                    ),
                ),
                ecs.Volume(name="tmp"),
            ],
        )
        files.grant_read_write(task.task_role)
        container = task.add_container(
            "replies",
            image=ecs.ContainerImage.from_ecr_repository(repository, tag),
            user=USER,
            readonly_root_filesystem=True,
            stop_timeout=cdk.Duration.seconds(30),
            port_mappings=[ecs.PortMapping(container_port=PORT)],
            environment={
                "VERBOSIFY_REPLIES_REDIS": f"redis://{redis.attr_redis_endpoint_address}:{redis.attr_redis_endpoint_port}/0",
                "VERBOSIFY_REPLIES_WITHOUT_REDIS": "local",
                # The balancer, which lies in our network, adds CloudFront's address, which is one of very many; the hop
                # before that is the visitor's.
                "VERBOSIFY_REPLIES_PROXY": NETWORK,
                "VERBOSIFY_REPLIES_PROXY_HOPS": "1",
                # The balancer has checked the secret of CloudFront before anything reaches the task.
                "VERBOSIFY_REPLIES_NAME": "*",
                "OMP_NUM_THREADS": "2",
            },
            logging=ecs.LogDrivers.aws_logs(
                stream_prefix="replies",
                log_group=logs.LogGroup(
                    self, "Log", retention=logs.RetentionDays.ONE_WEEK, removal_policy=cdk.RemovalPolicy.DESTROY
                ),
            ),
        )
        container.add_mount_points(
            ecs.MountPoint(container_path="/data", source_volume="record", read_only=False),
            ecs.MountPoint(container_path="/tmp", source_volume="tmp", read_only=False),  # noqa: S108  # the task's own
        )
        return task

    def _balancer(
        self, vpc: ec2.Vpc, service: ecs.FargateService
    ) -> tuple[elb.ApplicationLoadBalancer, secrets.Secret]:
        """The load balancer, and the secret that CloudFront shows it."""
        secret = secrets.Secret(
            self,
            "OriginSecret",
            generate_secret_string=secrets.SecretStringGenerator(exclude_punctuation=True, password_length=40),
        )
        balancer = elb.ApplicationLoadBalancer(
            self, "Balancer", vpc=vpc, internet_facing=True, drop_invalid_header_fields=True
        )
        listener = balancer.add_listener(
            "Http",
            port=80,
            protocol=elb.ApplicationProtocol.HTTP,
            open=True,
            default_action=elb.ListenerAction.fixed_response(403, content_type="text/plain", message_body="Not here"),
        )
        listener.add_targets(
            "Task",
            port=PORT,
            protocol=elb.ApplicationProtocol.HTTP,
            priority=1,
            conditions=[elb.ListenerCondition.http_header("X-Origin-Secret", [secret.secret_value.unsafe_unwrap()])],
            targets=[service],
            deregistration_delay=cdk.Duration.seconds(30),
            health_check=elb.HealthCheck(
                path="/ready", timeout=cdk.Duration.seconds(12), interval=cdk.Duration.seconds(20)
            ),
        )
        return balancer, secret

    def _distribution(
        self, page: s3.Bucket, balancer: elb.ApplicationLoadBalancer, secret: secrets.Secret
    ) -> cloudfront.Distribution:
        service = origins.LoadBalancerV2Origin(
            balancer,
            protocol_policy=cloudfront.OriginProtocolPolicy.HTTP_ONLY,
            custom_headers={"X-Origin-Secret": secret.secret_value.unsafe_unwrap()},
            read_timeout=cdk.Duration.seconds(60),
        )
        bucket = origins.S3BucketOrigin.with_origin_access_control(page)
        dynamic: dict[str, Any] = {
            "origin": service,
            "viewer_protocol_policy": cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            "allowed_methods": cloudfront.AllowedMethods.ALLOW_ALL,
            "cache_policy": cloudfront.CachePolicy.CACHING_DISABLED,
            "origin_request_policy": cloudfront.OriginRequestPolicy.ALL_VIEWER,
            "compress": False,  # a stream is sent as it comes
        }
        kept: dict[str, Any] = {
            "viewer_protocol_policy": cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            "cache_policy": cloudfront.CachePolicy.CACHING_OPTIMIZED,
        }
        return cloudfront.Distribution(
            self,
            "Distribution",
            default_behavior=cloudfront.BehaviorOptions(**dynamic),
            additional_behaviors={
                "/static/*": cloudfront.BehaviorOptions(origin=service, **kept),
                "/faces/*": cloudfront.BehaviorOptions(origin=service, **kept),
                "/away/*": cloudfront.BehaviorOptions(origin=bucket, **kept),
            },
            # The static page stands in while the task is away.
            error_responses=[
                cloudfront.ErrorResponse(
                    http_status=status,
                    response_http_status=status,
                    response_page_path="/away/index.html",
                    ttl=cdk.Duration.seconds(5),
                )
                for status in (502, 504)
            ],
            price_class=cloudfront.PriceClass.PRICE_CLASS_100,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
        )

    def _alarm(self, email: str, limit: float) -> None:
        """Mail when four fifths are spent, or more than all is foreseen."""

        def when(kind: str, share: int) -> budgets.CfnBudget.NotificationWithSubscribersProperty:
            return budgets.CfnBudget.NotificationWithSubscribersProperty(
                notification=budgets.CfnBudget.NotificationProperty(
                    comparison_operator="GREATER_THAN", notification_type=kind, threshold=share
                ),
                subscribers=[budgets.CfnBudget.SubscriberProperty(address=email, subscription_type="EMAIL")],
            )

        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=limit, unit="USD"),
            ),
            notifications_with_subscribers=[when("ACTUAL", 80), when("FORECASTED", 100)],
        )
