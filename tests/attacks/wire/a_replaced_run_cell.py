# Replaces the coroutine that runs cells. Expected: failed, then failed.
async def run(*_, **__):
    pass


def double(x):
    return 0


get_ipython().run_cell_async = run
