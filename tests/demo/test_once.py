"""`make demo ARGS=--once`: the main job, in the words of a shop."""

from .conftest import start_demo


def test_it_says_what_it_does_and_then_does_it() -> None:
    with start_demo("--once") as demo:
        demo.wait_for("takes about")
        assert demo.said.count("\n") <= 2
        demo.wait_for("See it in a browser: make demo")
        code = demo.process.wait(30)
        said = demo.said

    assert code == 0
    assert "reserved 2,000, used 1,200, 800 free again" in said
    assert said.rstrip().endswith("See it in a browser: make demo")
