# Asks the warm process for a kernel with limits of its own choice. Expected: failed.
import socket


def double(x):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as out:
        out.connect("@runs@/zygote.sock")
        out.send(b'{"run": "run-0", "limits": {"seconds": 1000000}}')
    return 2 * x
