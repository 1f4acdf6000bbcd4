"""What a text of Rocq defines: the heads of its sentences, and nothing that its comments say."""

from __future__ import annotations

from exosuit_cli.chunk import chunk_text
from exosuit_cli.search.definitions import definitions_in

TEXT = """\
(** In this chapter we define
type theory, but, as we will see, its equality has the
Definition of a function (* nested *) name.
Theorem f : is said here.
*)
Require Import Arith.
Section Groups.
Module Type T.
Definition idmap (A : Type) := fun x : A => x. (* note *)
Compute idmap nat
  fun n:nat => n.
#[local] Program Fixpoint plus n m : nat := n.
CoFixpoint zeros : Stream := 0.
  Lemma plus_0' n : n = n.
Theorem t:
Corollary c x (H : x = x) : True.
Inductive tree (A : Type) : Type :=
Record point := {
Global Instance inst : Eq nat.
Class Eq (A : Type) := {
Notation "x + y" := (plus x y).
Module M <: T.
End M.
Theorem proving is fun.
"""
NAMES = ["Groups", "T", "idmap", "plus", "zeros", "plus_0'", "t", "c", "tree", "point", "inst", "Eq", "x + y", "M"]


def test_an_outline_has_the_heads_and_no_comment() -> None:
    found = definitions_in(TEXT.split("\n"), 1, "Rocq Prover")
    assert [each.name for each in found] == NAMES
    assert [each.line for each in found][:3] == [7, 8, 9]


def test_the_symbols_of_a_chunk_are_the_same() -> None:
    text = TEXT.partition("*)\n")[2]
    found = chunk_text(text, language="Rocq Prover")
    names = [each.name.rpartition(".")[2] for own in found.defined.by_chunk(len(found)) for each in own]
    assert names == NAMES
