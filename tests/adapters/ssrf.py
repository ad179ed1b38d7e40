"""Addresses that must never be reached, each with why (security H1 and K: at least 120)."""

from __future__ import annotations

from typing import Final

PUBLIC: Final = "93.184.216.34"
PUBLIC_6: Final = "2606:2800:220:1:248:1893:25c8:1946"

WRITTEN: Final[dict[str, tuple[str, ...]]] = {
    "other schemes": (
        "http://hooks.example/x", "HTTP://hooks.example/x", "ftp://hooks.example/x",
        "file:///etc/passwd", "gopher://hooks.example:443/x", "dict://hooks.example:443/x",
        "javascript:alert(1)", "data:text/plain,x", "//hooks.example/x", "https:hooks.example/x",
        "https:/hooks.example/x", "wss://hooks.example/x", " https://hooks.example/x", "",
        "https://", "https:///x", "hooks.example/x",
    ),
    "user parts": (
        "https://hooks.example@127.0.0.1/x", "https://a:b@hooks.example/x",
        "https://hooks.example:443@169.254.169.254/", "https://@hooks.example/x",
        "https://127.0.0.1%40hooks.example/", "https://hooks.example%2f@10.0.0.1/",
    ),
    "signs that readers see otherwise": (
        "https://hooks.example\\@127.0.0.1/", "https:\\\\127.0.0.1\\x", "https://hooks.example\\.127.0.0.1/",
        "https://hooks.example\t/x", "https://hooks.example\n/x", "https://hooks.example\r\nX: y/",
        "https://hooks.example/x y", "https://hooks.example/x\x00", "https://hooks.example/#@127.0.0.1",
        "https://hooks.example#.127.0.0.1/", "https://127.0.0.1#hooks.example/", "https://hooks.exampl\u0435/",
        "https://\u2460\u2461\u2466.0.0.1/", "https://127\u30020.0.1/", "https://hooks.example\u2044x/",
        "https://hooks_example/x", "https://-hooks.example/x", "https://hooks-.example/x",
        "https://hooks..example/x", "https://.hooks.example/x", "https://hooks.example./x",
        "https://" + "a" * 64 + ".example/x", "https://" + "a." * 130 + "example/x",
        "https://hooks.example/" + "x" * 2_000, "https://hooks.example:443:443/x",
    ),
    "ports": (
        "https://hooks.example:22/x", "https://hooks.example:25/x", "https://hooks.example:80/x",
        "https://hooks.example:0/x", "https://hooks.example:6379/x", "https://hooks.example:5432/x",
        "https://hooks.example:65536/x", "https://hooks.example:999999/x", "https://hooks.example:-443/x",
        "https://hooks.example: 443/x", "https://hooks.example:/x:y", "https://hooks.example:0x1bb/x",
    ),
    "addresses in other spellings": (
        "https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0177.0.0.1/",
        "https://127.1/", "https://127.0.1/", "https://0/", "https://017700000001/",
        "https://127.0.0.01/", "https://127.000.000.001/", "https://0x7f.1/", "https://127.0.0.1.1/",
        "https://256.256.256.256/", "https://127.0.0.0x1/", "https://[127.0.0.1]/",
        "https://[::1%25eth0]/", "https://[::1", "https://::1/", "https://[]/", "https://[:::1]/",
        "https://hooks.1/", "https://hooks.0x1/",
    ),
    "addresses that are not public": (
        "https://127.0.0.1/", "https://127.255.255.254/", "https://0.0.0.0/", "https://0.1.2.3/",
        "https://10.0.0.1/", "https://10.255.255.255/", "https://100.64.0.1/", "https://100.100.100.200/",
        "https://100.127.255.255/", "https://169.254.169.254/latest/meta-data/", "https://169.254.170.2/",
        "https://172.16.0.1/", "https://172.31.255.255/", "https://192.0.0.1/", "https://192.0.0.192/",
        "https://192.0.2.1/", "https://192.88.99.1/", "https://192.168.1.1/", "https://198.18.0.1/",
        "https://198.51.100.7/", "https://203.0.113.9/", "https://224.0.0.1/", "https://239.255.255.250/",
        "https://192.31.196.1/", "https://192.52.193.1/", "https://192.175.48.1/",
        "https://[2620:4f:8000::1]/", "https://240.0.0.1/", "https://255.255.255.255/", "https://168.63.129.16/",
        "https://[::]/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/",
        "https://[::127.0.0.1]/", "https://[::ffff:0:127.0.0.1]/", "https://[64:ff9b::7f00:1]/",
        "https://[64:ff9b::a9fe:a9fe]/", "https://[64:ff9b:1::1]/", "https://[2002:7f00:1::]/",
        "https://[2002:a9fe:a9fe::1]/", "https://[2001::1]/", "https://[2001:0:7f00:1::]/",
        "https://[2001:db8::1]/", "https://[3fff::1]/", "https://[fc00::1]/", "https://[fd00:ec2::254]/",
        "https://[fe80::1]/", "https://[fec0::1]/", "https://[ff02::1]/", "https://[100::1]/",
        "https://[5f00::1]/", "https://[4000::1]/", "https://[2001:10::1]/",
    ),
}  # fmt: skip
"""Why -> addresses that are refused as they are written."""

ANSWERED: Final[dict[str, tuple[str, ...]]] = {
    "loopback": ("127.0.0.1",),
    "loopback among good ones": (PUBLIC, "127.0.0.1"),
    "loopback behind good ones": (PUBLIC, PUBLIC_6, "::1"),
    "private first": ("10.1.2.3", PUBLIC),
    "metadata": ("169.254.169.254",),
    "metadata of another cloud": ("168.63.129.16",),
    "shared": ("100.64.1.1", PUBLIC),
    "mapped": ("::ffff:10.0.0.1",),
    "NAT64 of a private one": ("64:ff9b::a00:1",),
    "6to4 of a private one": ("2002:a00:1::",),
    "own network": ("fd12::1", PUBLIC_6),
    "this link": ("fe80::1%eth0", PUBLIC_6),
    "multicast": ("224.0.0.251",),
    "nobody": ("0.0.0.0",),  # noqa: S104 - an answer, nothing is bound
    "everybody": ("255.255.255.255",),
    "no address at all": ("localhost",),
}
"""Why -> what a host's name stands for, one address of which is not public."""
