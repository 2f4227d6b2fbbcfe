"""The stubs describe what is there: the same names, and the same words as the module's own documentation."""

import ast
import unittest
from pathlib import Path
from typing import Optional

import shmbus
from shmbus import _shmbus

STUBS = ast.parse((Path(shmbus.__file__).resolve().parent / "_shmbus.pyi").read_text())
INTERNAL = {"Buffer"}


def words(text: Optional[str]) -> str:
    return " ".join((text or "").split())


class Stubs(unittest.TestCase):
    def test_documentation(self) -> None:
        checked = 0
        for node in STUBS.body:
            if not isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                continue
            thing = getattr(_shmbus, node.name)
            documented = [(node, thing)]
            if isinstance(node, ast.ClassDef):
                documented += [(f, getattr(thing, f.name)) for f in node.body if isinstance(f, ast.FunctionDef)]
            for described, real in documented:
                expected = words(ast.get_docstring(described))
                if expected:
                    self.assertIn(expected, words(real.__doc__), f"{node.name}.{described.name}")
                    checked += 1
        self.assertGreaterEqual(checked, 50)

    def test_all_names_are_described(self) -> None:
        described = {node.name: node for node in STUBS.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
        for name, thing in vars(_shmbus).items():
            if name.startswith("__") or name in INTERNAL or name == "version":
                continue
            self.assertIn(name, described)
            node = described[name]
            if isinstance(node, ast.ClassDef):
                methods = {f.name for f in node.body if isinstance(f, ast.FunctionDef)}
                real = {n for n in vars(thing) if not n.startswith("_")}
                self.assertEqual(real - methods, set(), name)

    def test_everything_public_is_documented(self) -> None:
        for name in shmbus.__all__:
            thing = getattr(shmbus, name)
            if isinstance(thing, type) and thing.__module__.startswith("shmbus"):
                self.assertTrue(words(thing.__doc__), name)


if __name__ == "__main__":
    unittest.main()
