// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"errors"
	"fmt"

	"github.com/vmrr/vmrr/cpu/disasm"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/machine/diff"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
)

// pin searches the first instruction after which the state depends on whether the
// machine ran in the one way or the other since the last good state. At the count
// until it does. wrong is the way that the first pass went.
//
// Each probe goes the wrong way from the last good state, since where it began may be
// what makes the difference, and the other behind it, with the code translated that
// the first one left. If the other goes in slices it goes on from where both were the
// same.
func (v *verifier) pin(d *Divergence, wrong, other way, until uint64) error {
	base, same, bad := v.good, v.good.State.At.ICount, until
	for bad-same > 1 {
		v.stage(fmt.Sprintf("the replay differs: searching icount %d to %d", same, bad))
		middle := same + (bad-same)/2
		a, err := v.state(wrong, v.good, middle)
		if err != nil {
			return err
		}
		b, err := v.state(other, base, middle)
		if err != nil {
			return err
		}
		if !a.same(b) {
			bad = middle
			continue
		}
		same = middle
		if other.slice != 0 {
			base = v.Snapshot()
		}
	}
	d.Want, d.Got = "the run "+other.name, "the run "+wrong.name
	if d.Cause == CauseEngineToo {
		d.Want, d.Got = d.Want+" (not as recorded either)", d.Got+" (not as recorded)"
	}
	return v.pinned(d, wrong, other, base, same, bad)
}

// pinned ends a search: the instruction from the count same to the count bad is the
// one. base is where the other way goes on from.
func (v *verifier) pinned(d *Divergence, wrong, other way, base *snapshots.Snapshot, same, bad uint64) error {
	if _, err := v.state(wrong, v.good, bad); err != nil {
		return err
	}
	got := v.Snapshot()
	if _, err := v.state(other, base, same); err != nil {
		return err
	}
	i, err := v.instruction(bad)
	if err != nil {
		return err
	}
	if _, err := v.state(other, base, bad); err != nil {
		return err
	}
	list, err := diff.Compare(v.m, diff.Of(v.m), stateOf(got))
	if err != nil {
		return err
	}
	d.At, d.Differences = got.State.At, list
	if len(list) > 0 { // else the last pass was not as those before
		d.Parts, d.Instruction = list.Names(), i
		d.Good, d.Bad = machine.Moment{ICount: same}, d.At
	}
	return d
}

// state goes from a snapshot to a count in some way. If the machine cannot go that
// far, the outcome says where it is.
func (v *verifier) state(w way, from *snapshots.Snapshot, n uint64) (o outcome, err error) {
	if err := v.restore(from); err != nil {
		return o, err
	}
	if err := orDiverged(v.advance(w, n)); err != nil {
		return o, err
	}
	o.at, o.hash = v.m.Moment(), v.m.Hash()
	return o, nil
}

// orDiverged returns err unless it is a divergence: the machine then stays where
// it found out.
func orDiverged(err error) error {
	if d := (*replay.ErrDiverged)(nil); errors.As(err, &d) {
		return nil
	}
	return err
}

// instruction describes the instruction that the machine executes next, which makes
// the count n.
func (v *verifier) instruction(n uint64) (*Instruction, error) {
	i := &Instruction{ICount: n, Linear: v.PC(), Selector: v.number("cs"), Offset: v.number("rip"),
		Interrupted: v.m.Engine.Interruptible()}
	code, err := v.around(i.Linear)
	i.Code = code
	return i, err
}

// number returns a register as a number; 0 if the processor has none of the name.
func (v *verifier) number(name string) uint64 {
	r := v.Description().Lookup(name)
	if r == nil {
		return 0
	}
	var n uint64
	for i, b := range v.ReadRegister(r) {
		n |= uint64(b) << (8 * i)
	}
	return n
}

// How many instructions are shown before and after another.
const shownBefore, shownAfter = 3, 2

// around disassembles the code around an instruction. Where the instructions before
// it begin is not known: it is taken for granted that the longest row of them that
// leads to it is theirs.
func (v *verifier) around(pc uint64) ([]disasm.Instruction, error) {
	mode := disasm.Mode(v.CodeBits())
	const back = shownBefore * disasm.MaxLength
	var code [back + (1+shownAfter)*disasm.MaxLength]byte
	first := pc - back
	if n, _ := v.ReadMemory(first, code[:]); n < back+1 {
		return v.codeFrom(mode, pc) // what is before is not mapped
	}
	for skip := range back {
		list, err := disasm.X86(mode, code[skip:back], first+uint64(skip), back)
		if err != nil {
			return nil, err
		}
		if leads(list, pc) {
			rest, err := v.codeFrom(mode, pc)
			return append(list[max(0, len(list)-shownBefore):], rest...), err
		}
	}
	return v.codeFrom(mode, pc)
}

// leads reports whether a row of instructions is one and ends where another begins.
func leads(list []disasm.Instruction, pc uint64) bool {
	for _, i := range list {
		if i.Text == disasm.Bad {
			return false
		}
	}
	last := list[len(list)-1]
	return last.PC+uint64(last.Length) == pc
}

// codeFrom disassembles from an instruction on.
func (v *verifier) codeFrom(mode disasm.Mode, pc uint64) ([]disasm.Instruction, error) {
	var code [(1 + shownAfter) * disasm.MaxLength]byte
	n, _ := v.ReadMemory(pc, code[:])
	return disasm.X86(mode, code[:n], pc, 1+shownAfter)
}
