# Sends signed outputs whose parts have every type but the right one. Expected: failed.
def double(x):
    kernel = get_ipython().kernel
    for kind, content in (
        ("display_data", {"data": 5, "metadata": {}}),
        ("display_data", {"data": {"text/plain": 5, "image/png": ["<script>"]}, "metadata": 5}),
        ("display_data", {"data": {"image/png": "'><script>alert('canary' + '-image')</script>"}, "metadata": {}}),
        ("execute_result", {"data": {"text/plain": {"a": []}}, "metadata": {}, "execution_count": "many"}),
        ("stream", {"name": ["stdout"], "text": 5}),
        ("stream", {"name": "stdout", "text": {"a": 1}}),
        ("stream", {"name": "stdout", "text": "x"}),
        ("stream", {"name": "stdout", "text": None}),
        ("error", {"ename": 5, "evalue": [], "traceback": "none"}),
        ("error", {}),
        ("status", {"execution_state": {"idle": []}}),
        ("comm_open", {"comm_id": 5, "target_name": []}),
        ("no such kind", {}),
    ):
        kernel.session.send(kernel.iopub_socket, kind, content, kernel.get_parent("shell"))
    return 0


# %%
kernel = get_ipython().kernel
for name in ("display_data", "stream", "execute_result", "error"):
    for content in ({"data": [], "metadata": {}}, {"name": 5, "text": ["a", 5]}, {"ename": {}, "evalue": 5}):
        kernel.session.send(kernel.iopub_socket, name, content, kernel.get_parent("shell"))
