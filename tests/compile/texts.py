"""Definitions of any size, for tests that count and measure."""


def long_definition(nodes: int) -> str:
    """Write a right definition of `nodes` nodes: pages, variables, gateways, forms."""
    blocks = [
        "process: long\nversion: 1\ntitle: Long\nmaxDuration: PT1H\n"
        "parameters:\n  channel: {enum: [kiosk, web], required: true}\n"
        "flow:\n  start:\n    activity: Start\n    next: n0\n"
    ]
    blocks += [_BLOCKS[n % len(_BLOCKS)].format(n=n, next=n + 1) for n in range(nodes - 2)]
    blocks.append(f"  n{nodes - 2}:\n    activity: End\n    result: REVIEW\n")
    return "".join(blocks)


_BLOCKS = (
    "  n{n}:\n    activity: Page\n    timeout:\n      after: PT5M\n      to: n{next}\n"
    "    next: n{next}\n",
    '  n{n}:\n    activity: Set Variables\n    outputs:\n      lane{n}: "${{_initVars.channel}}"\n'
    "      plain{n}: 3\n    next: n{next}\n",
    "  n{n}:\n    gateway: exclusive\n    next:\n"
    "      - when: \"${{_initVars.channel == 'kiosk'}}\"\n        to: n{next}\n"
    "      - to: n{next}\n",
    "  n{n}:\n    activity: Custom Data Form\n    inputs:\n      dataFormName: profile\n"
    "      formDataKey: form{n}\n    next: n{next}\n",
)
