"""What the service costs on AWS a month, from list prices: `python deploy/aws/costs.py` prints the docs' table."""

from __future__ import annotations

from dataclasses import dataclass

HOURS = 730
DATED = "November 2026"
"""When the prices were looked up; they are those of us-east-1 and us-east-2, in US dollars, without tax."""


@dataclass(frozen=True, slots=True)
class Line:
    """Something that is paid for: how much of it a month, and what one of it costs."""

    what: str
    amount: float
    unit: str
    price: float

    @property
    def cost(self) -> float:
        return self.amount * self.price


def lines(posts: int = 10_000) -> list[Line]:
    """What is paid for in a month of so many posts."""
    return [
        Line("Fargate, 2 vCPU", 2 * HOURS, "vCPU-hour", 0.04048),
        Line("Fargate, 4 GB", 4 * HOURS, "GB-hour", 0.004445),
        Line("Load balancer", HOURS, "hour", 0.0225),
        Line("Load balancer, capacity units (one at most)", HOURS, "unit-hour", 0.008),
        Line("Public IPv4 addresses: task and two of the balancer", 3 * HOURS, "hour", 0.005),
        Line("ElastiCache, cache.t4g.micro", HOURS, "hour", 0.016),
        Line("EFS, the record (12 kB a post) and its backup", 2 * posts * 12e-6, "GB-month", 0.30),
        Line("ECR, three images of 1 GB", 3, "GB-month", 0.10),
        Line("CloudWatch, logs (0.5 kB a request, 20 requests a post)", posts * 20 * 0.5e-6, "GB", 0.50),
        Line("Secret", 1, "secret", 0.40),
        Line("CloudFront, S3, budget (within what is free)", 1, "", 0.0),
    ]


def table(posts: int = 10_000) -> str:
    """The table, in Markdown."""
    rows = [
        f"| {line.what} | {line.amount:,.1f} {line.unit} | {line.price:g} | {line.cost:.2f} |" for line in lines(posts)
    ]
    total = sum(line.cost for line in lines(posts))
    head = f"| a month of {posts:,} posts, prices of {DATED} | amount | $ each | $ |\n|---|---|---|---|"
    return "\n".join([head, *rows, f"| **all** | | | **{total:.2f}** |"])


if __name__ == "__main__":
    print(table())
