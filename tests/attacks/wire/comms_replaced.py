# Replaces the displays and comms that outputs go through. Expected: failed.
import sys

import IPython.core.displayhook

shell = get_ipython()
shell.display_pub.publish = shell.displayhook = lambda *_, **__: None
shell.kernel.comm_manager = shell.user_ns = {}
sys.stdout = sys.stderr = sys.displayhook = None
IPython.core.displayhook.DisplayHook = None


def double(x):
    return 0
