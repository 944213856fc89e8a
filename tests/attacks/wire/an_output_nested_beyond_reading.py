# Sends a signed output so deep that reading it overflows a stack. Expected: failed.
def double(x):
    kernel = get_ipython().kernel
    parts = kernel.session.serialize(kernel.session.msg("stream", {}, kernel.get_parent("shell")))
    parts[-1] = b'{"name":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    parts[1] = kernel.session.sign(parts[2:6])
    kernel.iopub_socket.send_multipart(parts)
    return 0
