"""Puts the WordPress plugin into the package, so that `aipkit-bridge init` has it at hand."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
PLUGIN = ROOT / "wp_plugin_stub" / "aipkit-bridge"


class BuildWithPlugin(build_py):
    """Builds as usual, and adds the plugin's files; in place they stand beside the package."""

    def run(self) -> None:
        """Build."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / "bridge" / "wordpress_plugin" / PLUGIN.name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(PLUGIN, target, ignore=shutil.ignore_patterns(".*"))


setup(cmdclass={"build_py": BuildWithPlugin})
