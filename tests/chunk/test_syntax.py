"""Syntax trees as line strengths: against the module `ast` on Python modules, and by hand in other languages."""

from __future__ import annotations

import ast
import contextlib
import re
import subprocess
import sys
import time
import tomllib
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exosuit_cli.chunk import ChunkOptions, chunk_text
from exosuit_cli.kernels import CpuKernels
from exosuit_cli.languages import LANGUAGES
from exosuit_cli.model.errors import ResourceMissing
from exosuit_cli.model.slab import Slab
from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.code.strength import LineStrengths, line_strengths
from exosuit_cli.structure.costs import CLOSING
from exosuit_cli.structure.symbols import SymbolKind
from exosuit_cli.syntax.columns import columns_of
from exosuit_cli.syntax.grammars import GRAMMARS, load_pointer
from exosuit_cli.syntax.no_syntax import NoSyntax
from exosuit_cli.syntax.tree import SyntaxTree
from exosuit_cli.syntax.walk import INSIDE

from .programs import python_module

if TYPE_CHECKING:
    from pathlib import Path

ONE_OF_EACH = sorted({grammar: language for language, grammar in GRAMMARS.items()}.values())
"""A language of each grammar."""

D, N, S = Boundary.DEFINITION, Boundary.NESTED, Boundary.SECTION


class Cut:
    """A text with its tree's strengths under a cap in bytes, and the planner's rule in its shortest form."""

    def __init__(self, data: bytes, language: str, cap: int) -> None:
        self.data = data
        self.tree = SyntaxTree.parse(data, language)
        self.starts = [0, *(place + 1 for place, byte in enumerate(data[:-1]) if byte == 10)]
        self.ends = [*self.starts, len(data)]
        self.lines = len(self.starts)
        self.cap = cap
        found = self.tree.strengths(np.array(self.starts, np.int64), self.fits)
        assert found.costs.dtype == found.kinds.dtype == np.uint8
        self.costs = found.costs.tolist()
        self.kinds = found.kinds.tolist()
        assert len(self.costs) == len(self.kinds) == self.lines

    def fits(self, first: int, stop: int) -> bool:
        return self.ends[stop] - self.ends[first] <= self.cap

    def plan(self) -> list[int]:
        """The lines where chunks begin: at the least cost that the cap reaches, the last among equals."""
        begins, line = [], 0
        while line < self.lines:
            begins.append(line)
            farthest = bisect_right(self.ends, self.ends[line] + self.cap) - 1
            if farthest >= self.lines:
                break
            reached = range(line + 1, max(farthest, line + 1) + 1)
            line = min(reached, key=lambda place: (self.costs[place], -place)) if farthest > line else line + 1
        return begins

    def symbols(self, begins: list[int]) -> list[str | None]:
        starts = [self.ends[line] for line in begins]
        return columns_of(self.tree).symbols(
            self.data, np.array(starts, np.int64), np.array([*starts[1:], len(self.data)], np.int64)
        )

    def symbol(self, first: int, stop: int) -> str | None:
        return columns_of(self.tree).symbols(self.data, np.array([self.ends[first]]), np.array([self.ends[stop]]))[0]


def looks_of(data: bytes, language: str) -> LineStrengths:
    """The strengths of the lines by their looks."""
    slab = Slab(np.frombuffer(data, np.uint8), np.zeros(1, np.int64), np.array([len(data)], np.int64))
    return line_strengths(slab, CpuKernels("blake3").lines(slab), [language])


def whole(data: bytes, language: str) -> Cut:
    """Strengths where only single lines fit: every definition is looked into."""
    return Cut(data, language, 1)


@dataclass(frozen=True)
class Sample:
    """A text whose outermost definitions fit `cap` bytes. `begins` maps the first words of lines to what begins there.

    `symbols` maps the first words of lines to the symbol of that line as a chunk of its own.
    """

    language: str
    text: str
    begins: dict[str, Boundary]
    symbols: dict[str, str | None]
    never: list[str] = field(default_factory=list)
    """Lines at which nothing may be cut, under the cap `largest`, which takes the largest of the innermost."""
    largest: int = 0

    @property
    def data(self) -> bytes:
        return self.text.encode()

    def line(self, words: str) -> int:
        found = [place for place, line in enumerate(self.text.split("\n")) if line.strip().startswith(words)]
        assert len(found) == 1, (words, found)
        return found[0]


SAMPLES = [
    Sample(
        "C",
        """\
/* SPDX */
#include <linux/fs.h>
#ifndef QUEUE_H
#define QUEUE_H

/* A queue. */
struct queue {
	int head;
	int tail;
};

static const struct file_operations queue_ops = {
	.open = queue_open,
};

#ifdef CONFIG_SMP
static int lock_queue(struct queue *q)
{
	return q->lock;
}
#endif

/*
 * Takes one off.
 */
static struct item *
take_item(struct queue *q,
		int flags)
{
	return q->items + q->tail++;
}

typedef int (*compare_fn)(const void *,
				const void *);
#endif
""",
        {"/* A queue": D, "static const": D, "static int lock": D, "typedef": D},
        {
            "struct queue {": "queue",
            ".open": "queue_ops",
            "return q->lock": "lock_queue",
            "* Takes": "take_item",
            "return q->items": "take_item",
            "typedef": "compare_fn",
            "#include": None,
        },
        never=["int head", ".open", "return q->lock", "return q->items", "take_item("],
        largest=140,
    ),
    Sample(
        "C++",
        """\
// Copyright
namespace shapes {

// A circle.
template <typename T>
class Circle : public Shape {
public:
  // The area.
  T area() const {
    return 3 * r * r;
  }

private:
  T r;
};

template <typename T>
T& scale(T& value) {
  return value *= 2;
}

void Square::draw(int x) const {
  line(x);
}

}  // namespace shapes
""",
        {"namespace": D, "// A circle": N, "public": N, "void Square": N},
        {
            "return 3": "shapes.Circle.area",
            "T r;": "shapes.Circle",
            "return value": "shapes.scale",
            "line(x)": "shapes.Square.draw",
        },
        never=["return 3", "return value", "line(x)"],
        largest=100,
    ),
    Sample(
        "Python",
        """\
import os

# How to greet.
@cache
@other(1,
       2)
def greet(name):
    return name


class Greeter:
    greeting = "hello"

    # Says it.
    @property
    def words(self):
        value = 1
        return value

    async def speak(self):
        def inner():
            return 2
        return inner
""",
        {"# How": D, "class Greeter": D, "# Says": N, "async def": N},
        {
            "return name": "greet",
            "@other": "greet",
            "greeting =": "Greeter",
            "# Says": "Greeter.words",
            "value =": "Greeter.words",
            "return 2": "Greeter.speak.inner",
            "import": None,
        },
        never=["return name", "value =", "return value", "return 2", "return inner", "@other", "@property"],
        largest=100,
    ),
    Sample(
        "JavaScript",
        """\
import fs from "fs";

/** Reads. */
export async function read(path) {
  return fs.read(path);
}

export default class Store extends Base {
  #count = 0;

  // Adds.
  add(item) {
    this.#count += 1;
  }
}

const helper = (value) => {
  return value;
};

describe("store", () => {
  it("adds", () => {
    expect(1).toBe(1);
  });
});
""",
        {"/** Reads": D, "export default": D, "// Adds": N, "const helper": D, "describe": D, "it(": N},
        {"return fs": "read", "this.": "Store.add", "return value": "helper", "expect(1)": "store.adds"},
        never=["return fs", "this.", "return value", "expect(1)"],
        largest=90,
    ),
    Sample(
        "TypeScript",
        """\
// What it has.
export interface Shape<T> {
  area(): number;
}

export type Pair = {
  first: number;
};

export enum Colour {
  Red,
}

@Component({
  selector: "app",
})
export class App {
  // Starts.
  @Input()
  start(): void {
    run(this);
  }
}

namespace Tools {
  export function run(app: App): void {
    app.start();
  }
}
""",
        {"// What": D, "export type": D, "export enum": D, "namespace": D},
        {"area()": "Shape.area", "first:": "Pair", "Red": "Colour", "run(this)": "App.start", "app.start": "Tools.run"},
        never=["area()", "first:", "run(this)", "app.start"],
        largest=80,
    ),
    Sample(
        "TSX",
        """\
export const Button = (props: Props): JSX.Element => {
  return <button>{props.text}</button>;
};

function Page() {
  return (
    <main>
      <Button text="x" />
    </main>
  );
}
""",
        {"function Page": D},
        {"return <button>": "Button", "<main>": "Page"},
        never=["return <button>", "<main>"],
        largest=110,
    ),
    Sample(
        "Go",
        """\
package main

import "fmt"

// Server serves.
type Server struct {
	name string
}

type (
	Reader interface {
		Read() error
	}
	Writer interface {
		Write() error
	}
)

// Serve runs.
func (s *Server[T]) Serve(port int) error {
	return fmt.Errorf("no")
}

func main() {
	run()
}
""",
        {"// Server": D, "// Serve runs": D, "func main": D, "Writer": D},
        {"name string": "Server", "Write() error": "Writer.Write", "return fmt": "Server.Serve", "run()": "main"},
        never=["name string", "Write() error", "return fmt", "run()"],
        largest=110,
    ),
    Sample(
        "Rust",
        """\
use std::fmt;

/// A point.
#[derive(Debug)]
pub struct Point<T> {
    x: T,
}

impl<T> fmt::Display for Point<T> {
    /// Writes.
    #[inline]
    fn fmt(&self) -> fmt::Result {
        write(self)
    }
}

mod inner {
    pub fn deep() -> i32 {
        3
    }
}

macro_rules! twice {
    ($x:expr) => { $x + $x };
}
""",
        {"/// A point": D, "impl": D, "/// Writes": N, "mod inner": D, "pub fn": N, "macro_rules": D},
        {
            "#[derive": "Point",
            "x: T": "Point",
            "write(self)": "Point.fmt",
            "3": "inner.deep",
            "($x": "twice",
        },
        never=["x: T", "write(self)", "3", "#[derive", "#[inline", "pub struct"],
        largest=110,
    ),
    Sample(
        "Java",
        """\
package a.b;

/** A list. */
@Deprecated
public class Sorted<T> {
    private int size;

    /** Makes one. */
    public Sorted(int size) {
        this.size = size;
    }

    // Adds.
    @Override
    public boolean add(T item) {
        return true;
    }

    enum Order {
        UP,
    }
}

interface Shape {
    int area();
}
""",
        {"/** A list": D, "/** Makes": N, "// Adds": N, "enum Order": N, "interface": D},
        {
            "this.size": "Sorted.Sorted",
            "return true": "Sorted.add",
            "UP": "Sorted.Order",
            "int area": "Shape.area",
            "private": "Sorted",
        },
        never=["this.size", "return true", "UP", "@Override"],
        largest=110,
    ),
    Sample(
        "Ruby",
        """\
require "set"

# Tools.
module Tools
  # A tool.
  class Hammer < Tool
    # Hits.
    def hit(nail)
      nail.drive
    end

    def self.make
      new
    end
  end
end

def run
  Hammer
end
""",
        {"# Tools": D, "# A tool": N, "# Hits": N, "def self": N, "def run": D},
        {"nail.drive": "Tools.Hammer.hit", "new": "Tools.Hammer.make", "Hammer": "run"},
        never=["nail.drive", "new", "Hammer"],
        largest=70,
    ),
    Sample(
        "C#",
        """\
using System;

namespace Shop
{
    /// <summary>An order.</summary>
    [Serializable]
    public class Order
    {
        public int Id { get; set; }

        // Pays.
        public void Pay(int amount)
        {
            Total -= amount;
        }
    }
}
""",
        {"namespace": D, "/// <summary>": N, "// Pays": N},
        {"Total": "Shop.Order.Pay", "public int Id": "Shop.Order.Id"},
        never=["Total"],
        largest=130,
    ),
    Sample(
        "PHP",
        """\
<?php

// Loads.
function load($path)
{
    return $path;
}

class User extends Model
{
    /** Its name. */
    public function name(): string
    {
        return $this->name;
    }
}
""",
        {"// Loads": D, "class User": D, "/** Its": N},
        {"return $path": "load", "return $this": "User.name"},
        never=["return $path", "return $this"],
        largest=110,
    ),
    Sample(
        "Shell",
        """\
#!/bin/sh

# Builds.
build() {
  make all
}

function clean {
  rm -f out
}

build
""",
        {"# Builds": D, "function clean": D},
        {"make all": "build", "rm": "clean"},
        never=["make all", "rm"],
        largest=40,
    ),
    Sample(
        "Scala",
        """\
package a

// Things.
object Things {
  def make(x: Int): Int = {
    x + 1
  }
}

trait Shape {
  def area: Double
}
""",
        {"// Things": D, "def make": N, "trait": D},
        {"x + 1": "Things.make"},
        never=["x + 1"],
        largest=60,
    ),
    Sample(
        "Swift",
        """\
import Foundation

// A point.
struct Point {
    func move(by dx: Int) -> Int {
        return dx
    }
}

protocol Shape {
    func area() -> Int
}
""",
        {"// A point": D, "func move": N, "protocol": D},
        {"return dx": "Point.move"},
        never=["return dx"],
        largest=70,
    ),
    Sample(
        "Lua",
        """\
local M = {}

-- Adds.
function M.add(a, b)
  return a + b
end

local function twice(x)
  return 2 * x
end

return M
""",
        {"-- Adds": D, "local function": D},
        {"return a + b": "M.add", "return 2": "twice"},
        never=["return a + b", "return 2"],
        largest=60,
    ),
    Sample(
        "JSON",
        """\
{
  "name": "x",
  "scripts": {
    "build": "make",
    "test": "pytest"
  },
  "files": [
    "a",
    "b"
  ]
}
""",
        {'"name"': D, '"scripts"': D, '"build"': N, '"files"': D},
        {'"build"': "scripts > build", '"a"': "files"},
        never=['"build"', '"test"', '"a"'],
        largest=70,
    ),
    Sample(
        "TOML",
        """\
title = "x"

[project]
name = "y"
version = "1"

[[tool.items]]
key = 1
""",
        {"[project]": D, "[[tool": D},
        {"name": "project", "key": "tool.items"},
        never=["name", "version", "key"],
        largest=40,
    ),
    Sample(
        "CSS",
        """\
/* Body. */
body {
  margin: 0;
}

@media print {
  p {
    color: red;
  }
}
""",
        {"p {": D},
        {"color": "p", "margin": "body"},
        never=["margin", "color"],
        largest=45,
    ),
    Sample(
        "Markdown",
        """\
Before all.

# Title

Words.

## First part

More words.

- one
- two

## Second part

```c
# not a heading
```

Third part
----------

The end.
""",
        {"# Title": S, "## First": S, "## Second": S, "Third part": S},
        {
            "Before": None,
            "Words": "Title",
            "- one": "Title > First part",
            "# not": "Title > Second part",
            "The end": "Title > Third part",
        },
        never=["More words", "# not a heading", "- two", "-------", "The end"],
        largest=50,
    ),
]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.language)
class TestSamples:
    def test_what_begins_where(self, sample: Sample) -> None:
        cut = whole(sample.data, sample.language)
        for words, kind in sample.begins.items():
            assert cut.kinds[sample.line(words)] == kind, words
        assert set(cut.kinds) <= {*sample.begins.values(), Boundary.LINE, Boundary.DEFINITION, Boundary.NESTED}

    def test_a_line_has_the_symbol_of_the_innermost_definition(self, sample: Sample) -> None:
        cut = whole(sample.data, sample.language)
        for words, symbol in sample.symbols.items():
            line = sample.line(words)
            assert cut.symbol(line, line + 1) == symbol, words

    def test_symbols_without_strengths_are_the_same(self, sample: Sample) -> None:
        cut = whole(sample.data, sample.language)
        begins = list(range(cut.lines))
        before = cut.symbols(begins)
        cut.tree = SyntaxTree.parse(sample.data, sample.language)
        assert cut.symbols(begins) == before

    def test_what_fits_is_not_cut(self, sample: Sample) -> None:
        cut = Cut(sample.data, sample.language, sample.largest)
        begins = cut.plan()
        assert len(begins) > 1
        for words in sample.never:
            line = sample.line(words)
            assert cut.costs[line] >= min(cut.costs[1:]) + 1, words
            assert line not in begins, words

    def test_all_costs_are_of_a_depth_or_inside(self, sample: Sample) -> None:
        for cap in (1, 40, 100, 1 << 20):
            costs = Cut(sample.data, sample.language, cap).costs
            assert costs[0] == 0
            assert all(cost <= CLOSING or cost == INSIDE for cost in costs)

    def test_an_error_behind_it_changes_no_name(self, sample: Sample) -> None:
        if sample.language == "Markdown":
            pytest.skip("any text is Markdown")
        names = [name for _, name in SyntaxTree.parse(sample.data, sample.language).defined()]
        torn = SyntaxTree.parse(sample.data + b"\n)]} @ (\n", sample.language)
        assert torn.root.has_error
        assert [name for _, name in torn.defined()][: len(names)] == names

    def test_crlf_changes_nothing_but_the_line_ends(self, sample: Sample) -> None:
        if sample.language == "TSX":
            pytest.skip("the carriage return is part of the text between tags")
        changed = sample.data.replace(b"\n", b"\r\n")
        cut, other = whole(sample.data, sample.language), whole(changed, sample.language)
        assert other.kinds == cut.kinds
        assert other.costs == cut.costs


def test_every_language_has_its_grammar_and_is_one_that_files_are_told_to_be() -> None:
    for language in GRAMMARS:
        assert language in LANGUAGES, language
        SyntaxTree.parse(b"", language)


@pytest.mark.parametrize("language", ["", "COBOL", "Text", "Verilog", "python"])
def test_no_grammar(language: str) -> None:
    with pytest.raises(NoSyntax, match="no grammar"):
        SyntaxTree.parse(b"x = 1\n", language)


def test_undecodable_text_is_refused() -> None:
    with pytest.raises(NoSyntax, match="UTF-8"):
        SyntaxTree.parse(b"# \xff\n", "Python")


@pytest.mark.parametrize(
    ("language", "text", "paths"),
    [
        ("Elixir", "defmodule A.B do\n  def f(x) do\n    g(x)\n  end\nend\n", ["A.B", "A.B.f"]),
        ("Fortran", "module m\ncontains\nsubroutine s(x)\n  x = 1\nend subroutine s\nend module m\n", ["m", "m.s"]),
        ("Groovy", "class A {\n  int f() {\n    1\n  }\n}\ndef g() {\n  1\n}\n", ["A", "A.f", "g"]),
        ("HCL", 'resource "aws_x" "b" {\n  name = "y"\n}\n', ["resource.aws_x.b"]),
        ("Haskell", "module A where\n\ndata T\n  = A\n  | B\n\nf :: Int\nf =\n  1\n", ["T", "f"]),
        ("Julia", "module A\nfunction f(x)\n  x\nend\nstruct S\n  x::Int\nend\nend\n", ["A", "A.f", "A.S"]),
        ("Kotlin", "class A {\n  fun f(): Int {\n    return 1\n  }\n}\nobject B {\n}\n", ["A", "A.f", "B"]),
        ("OCaml", "let f x =\n  x + 1\n\nmodule M = struct\n  let g = 1\nend\n", ["f", "M", "M.g"]),
        ("PowerShell", "function Get-A {\n  $x\n}\nclass B {\n  [int] F() { return 1 }\n}\n", ["Get-A", "B", "B.F"]),
        ("SQL", "CREATE TABLE t (\n  a INT\n);\n", ["t"]),
        ("YAML", "a: 1\nb:\n  c: 1\n  d:\n    - e\n", ["a", "b", "b > c", "b > d"]),
        ("Zig", "pub fn f(a: u8) u8 {\n  return a;\n}\n", ["f"]),
    ],
)
def test_names_by_path(language: str, text: str, paths: list[str]) -> None:
    tree = SyntaxTree.parse(text.encode(), language)
    assert not tree.root.has_error
    columns = columns_of(tree)
    assert [columns.path(place) for place, name in enumerate(columns.names) if name] == paths


@pytest.mark.parametrize(
    ("language", "text", "symbols"),
    [
        (
            "JavaScript",
            """\
X.prototype.f = function () {};
exports.g = async () => {
  const local = { a: 1 };
};
module.exports = { a() {}, b: function () {}, c: 1 };
Vue.component("x", {
  methods: {
    run() {},
  },
});
describe("all", function () {
  it("does: this", () => { function inner() {} });
});
class K { field = () => 1; static #made = function () {}; size = 1; }
const short = () => 1, other = function named() {}, fs = require("fs");
export const LIMIT = 10;
""",
            [
                "X.prototype.f method", "exports.g function", "module.exports constant", "module.exports.a function",
                "module.exports.b function", "run function", "all test", "all.does: this test",
                "all.does: this.inner function", "K class", "K.field method", "K.#made method", "short function",
                "other function", "LIMIT constant",
            ],
        ),
        (
            "TypeScript",
            ("declare namespace N {\n  function f(): void;\n}\nabstract class A {\n  abstract m(): void;\n"
            "  m(a: string): void;\n  m(a: any) {}\n}\nfunction o(a: string): void;\nfunction o(a: any) {}\n"
            'it("works", () => {\n  1;\n});\n'),
            [
                "N module", "N.f function", "A class", "A.m method", "A.m method", "A.m method", "o function",
                "o function", "works test",
            ],
        ),
        (
            "C++",
            ("template <class T>\nvoid A<T>::f(int x) const {\n}\nbool operator==(const A& a, const A& b) {\n}\n"
            "A::operator bool() const { return 1; }\n#define M(x) x\nTEST(Foo, Bar) {\n  x;\n}\n"
            "typedef struct tag { int a; } name;\nclass C { void m(); int n; static int s() { return 1; } };\n"
            "int declared(int);\nstatic const int limit = 1;\n"),
            [
                "A.f method", "operator== function", "A.operator bool method", "M macro", "Foo.Bar test", "tag struct",
                "name type", "C class", "C.m method", "C.s method", "limit constant",
            ],
        ),
        (
            "Objective-C",
            ("@interface A : B\n@property (nonatomic) NSString *p;\n- (void)setX:(int)x forKey:(int)k;\n@end\n"
            "@implementation A\n- (int)q {\n  return 1;\n}\n@end\n"),
            ["A class", "A.p constant", "A.setX:forKey: method", "A implementation", "A.q method"],
        ),
        (
            "Go",
            ("package a\nconst (\n\tA, B = 1, 2\n)\nvar m = 1\ntype I interface {\n\tF() int\n}\n"
            "func (s *S) g() {\n\tconst local = 1\n}\n"),
            ["A constant", "B constant", "m constant", "I interface", "I.F method", "S.g method"],
        ),
        (
            "Haskell",
            "class C a where\n  foo :: a -> Int\n  foo _ = 1\n\ninstance C T where\n  foo x = 2\n\ntype S = String\n",
            ["C interface", "C.foo method", "C T implementation", "C T.foo method", "S type"],
        ),
        (
            "Swift",
            "extension A {\n  init() {}\n  var x: Int { 1 }\n  func f() { let local = 1 }\n}\nenum E {\n  case a\n}\n",
            ["A implementation", "A.init method", "A.x constant", "A.f method", "E enum"],
        ),
        (
            "Elixir",
            'defmodule A do\n  def f(x) when x > 1, do: x\n  defmacro m(a), do: a\n  test "it" do\n  end\nend\n',
            ["A module", "A.f function", "A.m macro", "A.it test"],
        ),
        (
            "Lua",
            ("local M = {}\nM.f = function(a) end\nlocal g = function() end\nfunction M:h() end\n"
            "local T = { a = function() end, b = 1 }\n"),
            ["M constant", "M.f function", "g function", "M.h function", "T constant", "T.a function"],
        ),
        (
            "Ruby",
            'LIMIT = 1\nclass A; def f; end; def g; end; end\ndescribe "x" do\n  it "y" do\n  end\nend\n',
            ["LIMIT constant", "A class", "A.f method", "A.g method", "x test", "x.y test"],
        ),
        (
            "OCaml",
            "let f x = 1\nand g y = 2\nlet limit = 1\nmodule type S = sig\n  val x : int\nend\ntype t = A\nand u = B\n",
            ["f function", "g function", "limit constant", "S interface", "S.x constant", "t type", "u type"],
        ),
        (
            "Zig",
            "const S = struct {\n  fn f() void {}\n};\nconst limit = 1;\ntest \"abc\" {}\n",
            ["S struct", "S.f method", "limit constant", "abc test"],
        ),
        ("Python", "LIMIT = 1\nclass A:\n  x = 1\n  def f(self): y = 1\n", ["LIMIT constant", "A class", "A.f method"]),
        ("PHP", "<?php\nclass A { const X = 1, Y = 2; private $p = 1; function f() { $l = 1; } }\n", [
            "A class", "A.X constant", "A.Y constant", "A.p constant", "A.f method",
        ]),
        ("Java", "interface A { int X = 1; static final int Y = 1; void f(); }\n", [
            "A interface", "A.X constant", "A.Y constant", "A.f method",
        ]),
        ("Shell", "f() { a; }; g() { b; }\n", ["f function", "g function"]),
        ("Makefile", "all: a b\n\tcc\n", ["all rule"]),
    ],
)  # fmt: skip
def test_all_that_is_defined_has_a_symbol_with_its_kind(language: str, text: str, symbols: list[str]) -> None:
    tree = SyntaxTree.parse(text.encode(), language)
    assert not tree.root.has_error
    columns = columns_of(tree)
    found = columns.defined(np.array([text.count("\n")]))
    kinds = [SymbolKind(kind).label for kind in found.kinds.tolist()]
    assert [f"{name} {kind}" for name, kind in zip(found.names, kinds, strict=True)] == symbols


def test_importing_the_module_does_not_import_a_parser() -> None:
    code = "import sys, exosuit_cli.syntax.tree; sys.exit(any(name.startswith('tree_sitter') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("language", ["HTML", "Svelte", "Vue"])
def test_a_script_in_a_page_is_cut_and_named_as_a_program(language: str) -> None:
    function = "function f%d() {\n  return %d;\n}\n\n"
    page = "<p>text</p>\n<script setup>\n" + "".join(function % (n, n) for n in range(9)) + "</script>\n<p>\nmore</p>\n"
    cut = Cut(page.encode(), language, 40)
    begins = [page.split("\n")[line] for line in cut.plan()]
    assert [begin for begin in begins if begin.startswith("function")] == [f"function f{n}() {{" for n in range(9)]
    assert "  return 1;" not in begins
    cut.tree.find_all()
    assert [name for _, name in cut.tree.defined()] == [f"f{n}" for n in range(9)]
    data = b'<script type="text/template">\nfunction f() {}\n</script>\n<script lang="ts">\ntype T = 1;\n</script>\n'
    assert [name for _, name in SyntaxTree.parse(data, language).defined()] == ["T"]


class TestErrors:
    FUNCTION = b"int function(int a)\n{\n\tif (a)\n\t\treturn a;\n\treturn -1;\n}\n\n"
    MACRO = b"static int __init start(void)\n{\n\treturn 1;\n}\n\n"

    @pytest.mark.parametrize("macros", [1, 10, 30])
    def test_functions_among_macros_are_not_cut(self, macros: int) -> None:
        cut = Cut((self.MACRO + self.FUNCTION) * macros + self.FUNCTION * 40, "C", 100)
        assert cut.tree.root.has_error
        assert all(cut.data[cut.starts[line] :].startswith((b"int f", b"static")) for line in cut.plan())

    def test_what_is_whole_within_an_error_is_defined_and_not_cut(self) -> None:
        """A conditional that opens two braces and closes one makes one error of all that follows."""
        opened = b"int g(void)\n{\n#ifdef A\n\tif (a) {\n#else\n\tif (b) {\n#endif\n\t\tx();\n\t}\n}\n\n"
        functions = b"".join(self.FUNCTION.replace(b"function", b"f%d" % number) for number in range(9))
        cut = Cut(functions + opened + functions, "C", len(self.FUNCTION))
        assert cut.tree.root.has_error
        begins = [cut.data[cut.starts[line] :].split(b"(")[0] for line in cut.plan()]
        assert [begin for begin in begins if begin.startswith(b"int f")] == [b"int f%d" % n for n in range(9)] * 2
        assert [name for _, name in cut.tree.defined() if name.startswith("f")] == [f"f{n}" for n in range(9)] * 2

    def test_lines_of_an_error_cost_what_their_looks_say(self) -> None:
        error = b"".join(b"@ @\n\t@ @\n" for _ in range(5))
        data = self.FUNCTION * 20 + error + b"\n" + self.FUNCTION * 20
        looks = looks_of(data, "C")
        tree = SyntaxTree.parse(data, "C")
        starts = np.array([0, *(place + 1 for place, byte in enumerate(data[:-1]) if byte == 10)], np.int64)
        found = tree.strengths(starts, lambda first, stop: stop - first < 9, looks)
        first = int(np.searchsorted(starts, data.index(error)))
        assert found.costs[first : first + 10].tolist() == looks.costs[first : first + 10].tolist()
        assert found.kinds[first] == D

    def test_what_a_line_of_an_error_defines_has_a_symbol(self) -> None:
        data = b"int f(void)\n{\n}\n\n@ @ @\nstatic int g(int a, @ @)\n{ @ @ {\n"
        found = columns_of(SyntaxTree.parse(data, "C")).defined(np.array([data.count(b"\n")]))
        assert found.names == ["f", "g"]
        assert found.lines.tolist() == [1, 6]

    def test_fortran_in_fixed_form_is_parsed(self) -> None:
        data = (
            b"* About.\n      SUBROUTINE DGEMM(A,\nC     The rest.\n     $                 B) ! it\n"
            b"      REAL A, B ! both\n     +     , D\n      END\n      INTEGER FUNCTION F(X)\n      F = 1\n      END\n"
        )
        tree = SyntaxTree.parse(data, "Fortran")
        assert not tree.root.has_error
        assert columns_of(tree).defined(np.array([10])).lines.tolist() == [2, 8]
        assert [name for _, name in tree.defined()] == ["DGEMM", "F"]
        free = b"subroutine s\nend subroutine s\n"
        assert [name for _, name in SyntaxTree.parse(free, "Fortran").defined()] == ["s"]

    def test_the_form_of_fortran_is_what_parses(self) -> None:
        cards = "".join(
            f"{line:72}AB{number:06}\n"
            for number, line in enumerate(
                [
                    "      REAL FUNCTION F(X,",
                    "     1  Y)",
                    "C It's (",
                    "      F=X",
                    "      END",
                    "      SUBROUTINE G",
                    "      END",
                ]
            )
        )
        indented = "  subroutine a(x)\n     x = 1\n  end\n  subroutine b(x)\n     call a(x)\n  end\n"
        stray = "Written long ago\nC It's (\n      SUBROUTINE A(X,\n     1  Y)\n      END\n" + "C It's (\n" * 3
        nameless = "      X = 1\n      END\n      SUBROUTINE S\n     + (X)\n      END\n"
        for text, names in ((cards, ["F", "G"]), (indented, ["a", "b"]), (stray, ["A"]), (nameless, ["S"])):
            for data in (text.encode(), text.replace("\n", "\r\n").encode()):
                tree = SyntaxTree.parse(data, "Fortran")
                assert [name for _, name in tree.defined()] == names
                assert tree.root.has_error == (text == stray)

    def test_a_definition_whose_parts_are_missing_has_no_name(self) -> None:
        cut = whole(b"protocol Shape {\n    func move(by dx: Int) -> Int {\n}\n", "Swift")
        assert len(cut.symbols([0])) == 1

    def test_what_is_mostly_errors_is_refused(self) -> None:
        for language, text in (("C", b"@ @ @\n" * 100), ("Java", b"@ # ?\n" * 100), ("JSON", b"a b c\n" * 100)):
            with pytest.raises(NoSyntax, match="does not parse cleanly"):
                SyntaxTree.parse(text, language)

    def test_a_header_is_what_leaves_less_of_it_unparsed(self) -> None:
        tree = SyntaxTree.parse(b"template <class T> class A {\n\tT a();\n};\n@\n", "C")
        assert [name for _, name in tree.defined()] == ["A", "a"]

    def test_the_body_of_a_macro_stays_with_its_name(self) -> None:
        call = b"SYSCALL_DEFINE1(close, int, fd)\n{\n\tint a = fd;\n\n\treturn a;\n}\n\n"
        cut = Cut(self.FUNCTION * 40 + call + self.FUNCTION * 40, "C", 300)
        assert cut.tree._tree.root_node.has_error
        brace = cut.starts.index(cut.data.index(b"{\n\tint a"))
        assert cut.costs[brace] > cut.costs[brace - 1]
        assert brace not in cut.plan()

    def test_characters_at_the_ends_of_blocks_are_read_whole(self) -> None:
        for shift in range(4):
            data = b"#" * (shift + 1) + b" " + "\u20ac\U0001f600\u00e9".encode() * 1000 + b"\nx.y = 1\n"
            tree = SyntaxTree.parse(data, "Python")
            assert columns_of(tree).symbols(data, np.array([0]), np.array([len(data)])) == [None]


class TestMarkdown:
    def test_underlined_headings_begin_sections(self) -> None:
        text = b"""Before.

Title
=====

Words.

Part
----

More.

## Other part

Much more.

Next
====

End.
"""
        cut = whole(text, "Markdown")
        lines = text.split(b"\n")
        for heading, symbol in (
            (b"Title", "Title"),
            (b"Part", "Title > Part"),
            (b"## Other part", "Title > Other part"),
            (b"Next", "Next"),
        ):
            line = lines.index(heading)
            assert cut.kinds[line] == Boundary.SECTION
            assert cut.symbol(line, line + 3) == symbol
        assert cut.costs[lines.index(b"Title")] == cut.costs[lines.index(b"Next")] == 0
        assert 0 < cut.costs[lines.index(b"Part")] == cut.costs[lines.index(b"## Other part")]

    def test_what_fits_below_an_underlined_heading_is_kept(self) -> None:
        section = b"1.0\n===\nBugs:\n\n* One\n* Two\n\n* Three\n\n"
        cut = Cut(section * 9, "Markdown", len(section) + 20)
        assert cut.plan() == list(range(0, cut.lines, section.count(b"\n")))

    def test_a_list_is_cut_rather_than_what_announces_it_left_alone(self) -> None:
        text = "# A\n\nWords of no use.\n\nThe items are:\n\n" + "- one of the items\n" * 6 + "\nEnd.\n"
        for cap in range(24, 48):
            chunks = chunk_text(text, language="Markdown", options=ChunkOptions(cap, boundaries="ast"))
            assert not any(text[:end].rstrip().endswith(":") for end in chunks.ends.tolist()), cap

    @pytest.mark.parametrize(
        "text", [b"---\ntitle: x\n---\n\n# A\n\ntext\n", b"---\na: b\n---\n", b"---\na: b\n---\ntext\n\n# A\n"]
    )
    def test_front_matter(self, text: bytes) -> None:
        for cap in (1, 20, 1000):
            cut = Cut(text, "Markdown", cap)
            assert len(cut.costs) == cut.lines
            cut.symbols(list(range(cut.lines)))


class TestCosts:
    def test_a_closing_line_is_a_place_to_cut_when_the_last_method_just_fits(self) -> None:
        text = b"class A {\n  one() {\n    return 1;\n  }\n  two() {\n    return 2;\n  }\n}\n"
        method = text.index(b"}\n}") + 2 - text.index(b"  two")
        cut = Cut(text, "JavaScript", method)
        assert cut.plan() == [0, 1, 4, 7]
        assert cut.costs[7] > cut.costs[4]
        assert {cut.costs[line] for line in (2, 3, 5, 6)} == {INSIDE}

    def test_a_comment_goes_where_its_definition_does_not_fit_with_it(self) -> None:
        comment = b"// " + b"x" * 60 + b"\n"
        function = b"int f(void)\n{\n\tint a = 1;\n\treturn a;\n}\n"
        text = b"int before;\n" + comment + comment + function + b"int after;\n"
        assert Cut(text, "C", len(comment) * 2).plan() == [0, 1, 3]
        assert Cut(text, "C", len(comment) * 2 + len(function)).plan() == [0, 1, 8]

    def test_a_comment_stays_with_a_definition_that_is_cut_anyway(self) -> None:
        body = b"".join(b"\tcall_number(%d);\n" % number for number in range(20))
        cut = Cut(b"int before;\n\n/* About. */\nint\nf(void)\n{\n" + body + b"}\n", "C", 120)
        assert cut.plan()[1] == 2
        assert cut.plan()[2] > 6

    def test_a_comment_after_a_blank_line_is_not_attached(self) -> None:
        cut = whole(b"# one\n\n# two\n# three\ndef f():\n    return 1\n", "Python")
        assert cut.costs[0] == cut.costs[2] == 0
        assert cut.costs[3] > 0
        assert cut.kinds[2] == Boundary.DEFINITION
        assert cut.kinds[0] == Boundary.LINE

    def test_a_comment_at_the_end_of_a_line_does_not_belong_to_the_next(self) -> None:
        cut = whole(b"int a; /* of a */\nint f(void)\n{\n\treturn 1;\n}\n", "C")
        assert cut.costs[1] == 0
        assert cut.kinds[1] == Boundary.DEFINITION

    def test_rows_of_a_table_are_cut_at_lines_that_close_one_and_open_the_next(self) -> None:
        rows = b"}, {\n".join([b"\t\t.name = 1,\n\t\t.next = 2,\n\t"] * 6)
        cut = Cut(b"struct row rows[] = {\n\t{\n" + rows + b"},\n};\n", "C", 100)
        begins = cut.plan()
        assert len(begins) == 3
        for line in begins[1:]:
            assert cut.data[cut.starts[line] :].startswith((b"\t}, {", b"};"))

    def test_an_else_branch_that_fits_is_not_cut(self) -> None:
        branch = b"".join(b"\t\tcall(%d);\n" % number for number in range(5))
        text = b"void f(void)\n{\n\tif (a) {\n" + branch + b"\t} else {\n" + branch + b"\t}\n}\n"
        cut = Cut(text, "C", 80)
        assert cut.plan() == [0, 8]
        assert all(cut.costs[line] == INSIDE for line in (4, 5, 6, 7, 10, 11, 12))

    def test_a_head_goes_with_a_body_that_does_not_fit(self) -> None:
        rows = b"".join(b"\t\t{%d},\n" % number for number in range(20))
        text = b"package a\n\nvar b = 1\n\nfunc f() []row {\n\treturn []row{\n" + rows + b"\t}\n}\n"
        cut = Cut(text, "Go", 90)
        assert cut.plan()[:2] == [0, 4]
        assert cut.plan()[2] > 6
        assert cut.costs[4] < cut.costs[6] < cut.costs[5] < INSIDE

    def test_a_header_stays_with_the_first_statements(self) -> None:
        statements = b"".join(b"    call(%d)\n" % number for number in range(30))
        for header, language in (
            (b"def f(\n    a,\n    b,\n):\n", "Python"),
            (b"def f\n", "Ruby"),
        ):
            text = header + statements + (b"end\n" if language == "Ruby" else b"")
            assert Cut(text, language, 100).plan()[1] > header.count(b"\n") + 2

    def test_a_statement_that_fits_is_cut_rather_than_its_head_left_alone(self) -> None:
        rows = b"".join(b"        argument_%d,\n" % number for number in range(10))
        call = b"    return call(\n" + rows + b"    )\n"
        for head, end, language in (
            (b"def f(self, value):\n", b"", "Python"),
            (b"function f(self, value) {\n", b"}\n", "JavaScript"),
        ):
            text = head + call + end
            cut = Cut(text + text, language, len(call) + 5)
            assert not {1, text.count(b"\n") + 1} & set(cut.plan()), language

    def test_a_definition_that_fits_is_not_cut_for_the_head_around_it(self) -> None:
        method = b"    def f(self):\n" + b"        call()\n" * 9
        assert Cut(b"class A:\n" + method + b"\n    x = 1\n", "Python", len(method)).plan()[:2] == [0, 1]

    def test_a_definition_goes_with_its_attributes(self) -> None:
        attributes = b"#[derive(Debug)]\n#[serde(default)]\n"
        struct = b"pub struct A {\n" + b"".join(b"    field_%d: u8,\n" % number for number in range(9)) + b"}\n"
        cut = Cut(b"fn f() {}\n\n" + attributes + struct, "Rust", len(struct) + 5)
        begins = cut.plan()
        assert begins[1] == 2
        assert begins[2] > 5

    def test_attributes_of_elixir_go_with_what_they_are_about(self) -> None:
        function = b"""\
  @doc \"\"\"
  Says it.
  \"\"\"
  @spec f(t) :: t
  @impl true
  def f(a) do
    a
  end

"""
        head = b"defmodule A do\n  @limit 5\n  @other 6\n"
        cut = Cut(head + b"\n" + function * 5 + b"end\n", "Elixir", len(function) + 20)
        assert [line for line in cut.plan()[1:] if line < 49] == [4, 13, 22, 31, 40]
        assert cut.costs[2] == cut.costs[4] == cut.costs[13]

    def test_containers_that_do_not_fit_are_looked_into(self) -> None:
        function = b"int f%d(void)\n{\n\treturn 1;\n}\n"
        functions = b"".join(function % number for number in range(9))
        for opening, closing in (
            (b"#ifdef A\n", b"#endif\n"),
            (b'extern "C" {\n', b"}\n"),
            (b"namespace a {\n", b"}\n"),
        ):
            cut = Cut(opening + functions + closing, "C++", 80)
            assert all((line - 1) % 4 == 0 for line in cut.plan()[1:]), opening

    def test_a_chunk_with_a_container_has_the_name_of_what_is_in_it(self) -> None:
        text = b"#include <a.h>\n#ifdef A\n#include <b.h>\nint f(void)\n{\n\treturn 1;\n}\n#endif\n"
        cut = Cut(text, "C", 10_000)
        assert cut.symbols([0]) == ["f"]

    def test_a_chunk_of_many_definitions_has_the_name_of_the_first(self) -> None:
        cut = Cut(b"import os\n\ndef f():\n    return 1\n\ndef g():\n    return 2\n", "Python", 10_000)
        assert cut.symbols([0]) == ["f"]
        assert cut.symbols([0, 4]) == ["f", "g"]

    def test_blank_lines_have_the_name_of_what_is_around_them(self) -> None:
        cut = Cut(
            b"class A:\n    x = 1\n\n    def f(self):\n        return 1\n\n\ndef g():\n    return 2\n", "Python", 30
        )
        assert cut.symbol(2, 3) == "A"
        assert cut.symbol(5, 7) is None

    def test_two_methods_have_the_name_of_their_class(self) -> None:
        text = b"class A:\n    def f(self):\n        return 1\n\n    def g(self):\n        return 2\n\nx = 1\n"
        cut = Cut(text, "Python", 30)
        assert cut.symbol(1, 7) == "A"
        assert cut.symbol(1, 4) == "A.f"


class TestLongTexts:
    PARAGRAPHS = (
        "This is a sentence that goes\non to the next line. And another\none.\n",
        "A list of items:\n\n- the first\n  of them\n- the second\n",
        "Title\n-----\n\nMore words of no\nuse at all.\n",
        "# Title\n\nThe last words of\nthem all.\n",
    )

    @pytest.mark.parametrize(
        ("language", "first", "margin", "last", "definition"),
        [
            ("Python", '"""', "", '"""\n', "def f():\n    return 1\n"),
            ("C", "/*\n", " * ", " */\n", "int f(void)\n{\n\treturn 1;\n}\n"),
            ("Java", "/**\n", " * ", " */\n", "class A {\n}\n"),
            ("Rust", "", "/// ", "", "fn f() -> u8 {\n    1\n}\n"),
            ("Go", "", "// ", "", "func f() int {\n\treturn 1\n}\n"),
        ],
    )
    def test_it_is_cut_between_paragraphs(
        self, language: str, first: str, margin: str, last: str, definition: str
    ) -> None:
        words = "\n".join(self.PARAGRAPHS * 4).rstrip("\n")
        lines = "".join((margin + line).rstrip(" ") + "\n" for line in words.split("\n"))
        text = first + lines + last + definition
        cut = Cut(text.encode(), language, 200)
        begins = [text.split("\n")[line].strip(" */") for line in cut.plan()[1:]]
        assert len(begins) > 2
        assert set(begins) <= {"This is a sentence that goes", "A list of items:", "Title", "# Title"}

    def test_a_paragraph_is_cut_after_a_sentence(self) -> None:
        words = "These are words of the first\nof two lines. And then it ends.\n" * 20
        cut = Cut(f'"""{words}"""\n'.encode(), "Python", 200)
        assert {line % 2 for line in cut.plan()} == {0}

    def test_an_example_in_a_comment_is_cut_where_nothing_else_is(self) -> None:
        example = "/// Words.\n///\n/// ```\n/// use a;\n///\n/// a::b();\n/// ```\n///\n"
        cut = Cut((example * 6 + "/// End.\nfn f() {}\n").encode(), "Rust", 120)
        assert {line % 8 for line in cut.plan()} == {0}, cut.costs

    def test_an_indented_text_is_cut_at_its_edge(self) -> None:
        rule = b".name {\n  color: red;\n\n  top: 1px;\n}\n\n"
        cut = Cut(b"<style>\n" + rule * 9 + b"</style>\n", "Vue", 3 * len(rule))
        assert {line % 6 for line in cut.plan()[1:]} == {1}

    def test_a_closing_line_is_not_left_alone(self) -> None:
        words = b"These are words.\n" * 12
        for text, language in ((b'x = """' + words + b'"""\n', "Python"), (b"/*\n" + words + b"*/\nint a;\n", "C")):
            last = text.count(b"\n", 0, text.rindex(words[-9:]) + 9)
            for cap in range(60, 200):
                assert last not in Cut(text, language, cap).plan(), (language, cap)


@dataclass(frozen=True)
class Span:
    """A definition: its lines from `lead` with its comments, `head` with its decorators or `own`, up to `stop`."""

    lead: int
    head: int
    own: int
    stop: int
    path: str


def python_definitions(data: bytes) -> list[Span]:
    """What Python's own parser says, and the lines of comment right above."""
    lines = data.decode().split("\n")
    spans: list[Span] = []
    nodes: list[tuple[ast.AST, str]] = [(ast.parse(data), "")]
    while nodes:
        node, path = nodes.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            path = f"{path}.{node.name}" if path else node.name
            lead = head = min([node.lineno, *(each.lineno for each in node.decorator_list)]) - 1
            indent = lines[lead][: len(lines[lead]) - len(lines[lead].lstrip())]
            while lead and lines[lead - 1].startswith(indent + "#"):
                lead -= 1
            assert node.end_lineno is not None
            stop = node.end_lineno
            # For a syntax tree, unlike for `ast`, comments at its end are within it, if they are further to the right.
            for line in range(stop, len(lines)):
                text = lines[line].lstrip()
                if text.startswith("#") and len(lines[line]) - len(text) > len(indent):
                    stop = line + 1
                elif text:
                    break
            spans.append(Span(lead, head, node.lineno - 1, stop, path))
        nodes += [(child, path) for child in ast.iter_child_nodes(node)]
    return spans


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("tokens", [128, 512])
def test_a_module_is_cut_around_every_definition_that_fits(seed: int, tokens: int) -> None:
    """That fits with its decorators: alone, these would be a chunk of nothing, so that the body is cut instead."""
    data = python_module(seed)
    cut = Cut(data, "Python", 4 * tokens)
    spans = python_definitions(data)
    begins = cut.plan()
    for span in spans:
        if not cut.fits(span.head, span.stop):
            continue
        inside = range(span.own + 1, span.stop)
        assert not set(begins) & set(inside), span
        within = [cut.costs[line] for line in inside]
        # Where what is around it fits, all of it is inside.
        if within and cut.costs[span.own] < INSIDE:
            assert min(within) > cut.costs[span.own], span
            assert min(within) > cut.costs[span.lead], span
            # A body that fits may begin at the same line.
            if span.stop < cut.lines and cut.costs[span.stop] < INSIDE:
                assert min(within) > cut.costs[span.stop], span
        if cut.fits(span.lead, span.stop):
            assert not set(begins) & set(range(span.lead + 1, span.own + 1)), span


@pytest.mark.parametrize("less", [0, 1, len("    @property\n")])
def test_a_definition_of_exactly_the_cap_is_not_cut(less: int) -> None:
    """With one byte less, or so much less that it would fit without its decorator, its body is cut."""
    body = "".join(f"        x = {number}\n" for number in range(10))
    text = f"class A:\n    y = 1\n\n    @property\n    def f(self):\n{body}\n    def g(self):\n        return 2\n"
    (span,) = (span for span in python_definitions(text.encode()) if span.path == "A.f")
    size = len("".join(text.splitlines(keepends=True)[span.head : span.stop]))
    begins = Cut(text.encode(), "Python", size - less).plan()
    assert (set(begins) & set(range(span.own + 1, span.stop)) == set()) == (less == 0)
    assert span.head in begins
    assert span.own not in begins


@pytest.mark.parametrize("seed", range(0, 50, 5))
def test_the_symbols_of_a_module_are_those_of_its_own_parser(seed: int) -> None:
    data = python_module(seed)
    cut = whole(data, "Python")
    spans = python_definitions(data)
    for span in spans:
        # A definition of one line may be within a body of one line, which fits any cap.
        assert span.stop == span.own + 1 or cut.symbol(span.own, span.stop) == span.path, span
    found = cut.symbols(list(range(cut.lines)))
    lines = data.split(b"\n")
    for line, symbol in enumerate(found):
        if not lines[line].strip() or any(span.lead <= line <= span.own for span in spans):
            continue
        around = [span for span in spans if span.own < line < span.stop]
        innermost = max(around, key=lambda span: span.own, default=None)
        if innermost is not None and not lines[line].lstrip().startswith(b"#"):
            assert symbol == innermost.path, line


class TestHostileTexts:
    @pytest.mark.parametrize("language", sorted(set(ONE_OF_EACH) - {"Markdown"}))
    def test_ten_thousand_brackets(self, language: str) -> None:
        for opening, closing in ((b"(", b")"), (b"[", b"]"), (b"{", b"}"), (b"(\n", b")\n")):
            text = b"x = " + opening * 10_000 + b"1" + closing * 10_000 + b"\n"
            for data in (text, opening * 10_000):
                try:
                    cut = whole(data, language)
                except NoSyntax:
                    continue
                assert cut.plan()[0] == 0

    def test_deep_brackets_on_lines_of_their_own_are_places_to_cut(self) -> None:
        cut = Cut(b"x = " + b"(\n" * 10_000 + b"1\n" + b")\n" * 10_000, "Python", 100)
        assert len(cut.plan()) < 2 * len(cut.data) / 50

    @pytest.mark.parametrize(
        "text",
        [b">" * 5000, b"> " * 5000, b"- " * 5000, b"1. " * 5000, b"".join(b"\t" * n + b"- a\n" for n in range(600))],
        ids=repr,
    )
    def test_markdown_that_would_overrun_its_scanner_is_refused(self, text: bytes) -> None:
        with pytest.raises(NoSyntax, match="too deep"):
            SyntaxTree.parse(text + b"x\n", "Markdown")

    def test_markdown_that_is_nested_as_people_nest_it_is_not_refused(self) -> None:
        text = (
            b"".join(b"  " * depth + b"- item\n" for depth in range(40)) + b">" * 60 + b" quote\n" + b"-" * 300 + b"\n"
        )
        whole(text, "Markdown")

    @settings(max_examples=30, deadline=None)
    @given(
        st.lists(
            st.sampled_from(["> ", "- ", "\t", "  ", "1. ", "a", "\n", "* ", "`", "# ", "|", "```\n"]), max_size=3000
        )
    )
    def test_any_markdown(self, parts: list[str]) -> None:
        data = "".join(parts).encode() or b"\n"
        try:
            cut = whole(data, "Markdown")
        except NoSyntax:
            return
        assert len(cut.costs) == cut.lines

    def test_one_chain_of_many_operators_takes_time_in_proportion(self) -> None:
        cut = Cut(b"x = (1\n" + b"  + 1\n" * 50_000 + b")\n", "Python", 400)
        assert len(cut.plan()) < 1_000

    def test_a_big_file(self) -> None:
        function = b"/* About. */\nstatic int function_%06d(int a)\n{\n\tif (a)\n\t\treturn a;\n\treturn -1;\n}\n\n"
        data = b"".join(function % number for number in range(26_000))
        assert len(data) > 2 << 20
        begin = time.perf_counter()
        cut = Cut(data, "C", 2048)
        begins = cut.plan()
        assert all(line % 8 == 0 for line in begins)
        symbols = cut.symbols(begins)
        assert symbols[0] == "function_000000"
        assert None not in symbols
        assert time.perf_counter() - begin < 30

    def test_a_parser_that_takes_too_long_is_stopped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("exosuit_cli.syntax.tree._LEAST_CALLS", 10)
        monkeypatch.setattr("exosuit_cli.syntax.tree._BYTES_A_CALL", 1 << 20)
        with pytest.raises(NoSyntax, match="too long"):
            SyntaxTree.parse(b"x = 1\n" * 10_000, "Python")
        SyntaxTree.parse(b"x = 1\n", "Python")

    @pytest.mark.parametrize(
        ("language", "unit"),
        [
            ("HTML", b"<div>"),
            ("Svelte", b"<a>"),
            ("Java", b"a<"),
            ("Scala", b"`"),
            ("Scala", b"("),
            ("Shell", b"<<"),
            ("Lua", b"[["),
            ("Markdown", b"`"),
            ("CSS", b"=>"),
            ("Swift", b"/*"),
            ("Swift", b"/*\n"),
        ],
        ids=repr,
    )
    def test_what_takes_time_by_the_square_is_stopped(self, language: str, unit: bytes) -> None:
        begin = time.perf_counter()
        with contextlib.suppress(NoSyntax):
            SyntaxTree.parse(b"x = " + unit * (60_000 // len(unit)), language)
        assert time.perf_counter() - begin < 10

    @pytest.mark.parametrize(
        ("language", "unit"),
        [("HTML", b"<div>"), ("Svelte", b"<a>"), ("C++", b"a<"), ("C", b"("), ("C", b"(\n")],
        ids=repr,
    )
    def test_what_opens_without_end_is_refused(self, language: str, unit: bytes) -> None:
        with pytest.raises(NoSyntax, match="too deep"):
            SyntaxTree.parse(unit * ((1 << 20) // len(unit)), language)

    def test_a_long_page_or_table_is_not_deep(self) -> None:
        SyntaxTree.parse(b"<p><br/>text</p>\n" * 20_000, "HTML")
        SyntaxTree.parse(b"int a[] = {\n" + b"\t{ (1), f(2) },\n" * 20_000 + b"};\n", "C")

    def test_a_scanner_that_reads_on_and_on_is_stopped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("exosuit_cli.syntax.tree._LEAST_READS", 5)
        with pytest.raises(NoSyntax, match="too long"):
            SyntaxTree.parse(b"/*\n" * 10_000, "Swift")

    def test_what_is_as_large_as_a_segment_is_refused(self) -> None:
        with pytest.raises(NoSyntax, match="too large"):
            SyntaxTree.parse(b"\n" * (8 << 20), "C")

    @pytest.mark.parametrize("language", ONE_OF_EACH)
    def test_texts_without_a_line_to_cut_at(self, language: str) -> None:
        for data in (b"\n", b"\n\n\n", b"  ", b"\xef\xbb\xbf\n"):
            try:
                cut = whole(data, language)
            except NoSyntax:
                continue
            assert cut.costs[0] == 0
        tree = SyntaxTree.parse(b"", language)
        assert len(tree.strengths(np.zeros(0, np.int64), lambda first, stop: True).costs) == 0
        assert columns_of(tree).symbols(b"", np.zeros(0, np.int64), np.zeros(0, np.int64)) == []


def test_a_grammar_whose_package_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tree_sitter_c_sharp", None)
    with pytest.raises(ResourceMissing, match=r"the grammar csharp cannot be loaded.*reinstall tree-sitter-c-sharp"):
        load_pointer("csharp")


def test_every_grammar_is_a_dependency(project: Path) -> None:
    with open(project / "pyproject.toml", "rb") as file:
        dependencies = tomllib.load(file)["project"]["dependencies"]
    wheels = {re.split("[<>=]", dependency)[0] for dependency in dependencies} - {"tree-sitter"}
    for name in set(GRAMMARS.values()):
        load_pointer(name)
    loaded = {name.replace("_", "-") for name in sys.modules if re.fullmatch("tree_sitter_[a-z_]+", name)}
    assert {wheel for wheel in wheels if wheel.startswith("tree-sitter-")} == loaded
