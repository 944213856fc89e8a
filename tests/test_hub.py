"""The tiers on the hub, loaded by the ordinary code from a stand-in on this machine that serves the bundled model."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from adapters import tensors, write

from course.models import BUNDLED, TIERS, compute_dtype, nf4

T4 = TIERS["t4"].model_id


class Hub(BaseHTTPRequestHandler):
    """Answer what the hub's client asks for: files of one repository at one commit."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, body):
        self.server.asked.append(self.path)
        name = self.path.removeprefix(f"/{T4}/resolve/main/")
        file = BUNDLED / name.split("?")[0]
        if name == self.path or "/" in name or not file.is_file():
            self.send_response(404)
            here = self.path.removeprefix("/api/models").startswith(f"/{T4}/")
            self.send_header("X-Error-Code", "EntryNotFound" if here else "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = file.read_bytes()
        self.send_response(200)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", "c" * 40)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, *_):
        """Stay quiet."""


@pytest.fixture
def hub():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.asked = []
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def run(source, endpoint, home):
    """Run source in a fresh process, which knows no hub but this one; return what it prints last, and its stderr."""
    settings = {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "TRANSFORMERS_"))}
    done = subprocess.run(
        [sys.executable, "-c", source], env=kept | settings, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


@pytest.mark.slow
def test_a_hub_tier_is_loaded_from_the_hub_by_its_name(hub, tmp_path):
    source = """
import json
from course.models import TIERS, generate, load_base
base = load_base(TIERS["t4"], four_bit=True)
answer = generate(base.model, base.tokenizer, [[{"role": "user", "content": "Hi."}]], max_new_tokens=2)
kinds = {type(module).__name__ for module in base.model.modules()}
print(json.dumps([base.tier.name, base.model.config.name_or_path, "Linear4bit" in kinds, len(answer),
                  base.tokenizer.pad_token_id != base.tokenizer.eos_token_id]))
"""
    found, _ = run(source, hub.url, tmp_path)
    assert found == ["t4", T4, True, 1, True]
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        assert f"/{T4}/resolve/main/{name}" in hub.asked
    assert not any("bundled" in path for path in hub.asked)


@pytest.mark.slow
@pytest.mark.parametrize(("capability", "dtype"), [((7, 5), "float16"), ((8, 0), "bfloat16")])
def test_on_a_gpu_the_tier_is_loaded_in_the_precision_that_its_capability_has(hub, tmp_path, capability, dtype):
    source = f"""
import json
import bitsandbytes, torch, trl  # which look for a GPU when they are imported
from course import models
from course.training import precision
torch.cuda.is_available, torch.cuda.get_device_capability = lambda: True, lambda *_: {capability}
models.device = lambda: "cpu"  # the one thing that a machine without a GPU cannot pretend
model = models.load_base(models.TIERS["t4"], four_bit=True).model
found = {{str(parameter.dtype) for parameter in model.parameters()}}
print(json.dumps([sorted(found), str(model.config.quantization_config.bnb_4bit_compute_dtype),
                  sorted(name for name, on in precision().items() if on)]))
"""
    found, _ = run(source, hub.url, tmp_path)
    switch = {"float16": "fp16", "bfloat16": "bf16"}[dtype]
    assert found == [sorted(["torch.uint8", f"torch.{dtype}"]), f"torch.{dtype}", [switch]]


@pytest.mark.slow
def test_an_adapter_for_a_hub_tier_is_graded_with_that_base_and_nothing_on_stderr(hub, tmp_path):
    folder = write(tmp_path / "adapter", tensors(), base_model_name_or_path=T4, revision=None)
    source = f"""
import json
from course.ladder import climb
report = climb({str(folder)!r}, show=False)
print(json.dumps(report.as_dict()))
"""
    report, errors = run(source, hub.url, tmp_path / "home")
    assert report["tier"] == "t4" and report["rungs"][2]["state"] == "passed", report
    assert 0 <= report["figures"]["valid"] <= 1 and report["figures"]["tickets"] == 200
    assert errors == ""


@pytest.mark.slow
@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "the hub, without this repository"])
def test_a_hub_that_does_not_help_says_what_to_do(hub, tmp_path, endpoint):
    source = """
import json
from course.models import BaseUnavailable, load_base
try:
    load_base("t4-large")
except BaseUnavailable as error:
    print(json.dumps(str(error)))
"""
    message, _ = run(source, endpoint if endpoint.startswith("http") else hub.url, tmp_path)
    assert TIERS["t4-large"].model_id in message and 'tier="bundled"' in message and "internet connection" in message


@pytest.mark.parametrize(
    ("capability", "dtype", "switch"),
    [((7, 5), torch.float16, "fp16"), ((8, 0), torch.bfloat16, "bf16"), ((9, 0), torch.bfloat16, "bf16"),
     (None, torch.float32, "use_cpu")],
)  # fmt: skip
def test_the_precision_follows_from_the_hardware(monkeypatch, capability, dtype, switch):
    from course.training import precision

    monkeypatch.setattr(torch.cuda, "is_available", lambda: capability is not None)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *_: capability)
    assert compute_dtype() == nf4().bnb_4bit_compute_dtype == dtype
    assert precision() == {"bf16": False, "fp16": False, "use_cpu": False} | {switch: True}
