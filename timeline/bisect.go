// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"errors"
	"fmt"

	"github.com/vmrr/vmrr/cpu/disasm"
	"github.com/vmrr/vmrr/machine/diff"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
)

// pin searches the first instruction after which the state depends on whether the
// machine ran straight or in another way since the last good state. At the count
// bad it does.
//
// The straight run is made from the last good state each time and in one stretch,
// since where it began is what may make the difference. The other goes on from
// where both were the same.
func (v *verifier) pin(d *Divergence, other way, bad uint64) error {
	base, same := v.good, v.good.State.At.ICount
	for bad-same > 1 {
		v.stage(fmt.Sprintf("the replay differs: searching icount %d to %d", same, bad))
		middle := same + (bad-same)/2
		a, err := v.state(straight, v.good, middle)
		if err != nil {
			return err
		}
		b, err := v.state(other, base, middle)
		if err != nil {
			return err
		}
		if a.same(b) {
			base, same = v.Snapshot(), middle
		} else {
			bad = middle
		}
	}
	d.Want, d.Got = "the run "+other.name, "the run "+straight.name
	if d.Cause == CauseEngineToo {
		d.Want, d.Got = d.Want+" (not as recorded either)", d.Got+" (not as recorded)"
	}
	if _, err := v.state(other, base, same); err != nil {
		return err
	}
	i, err := v.instruction(same + 1)
	if err != nil {
		return err
	}
	if _, err := v.state(other, base, bad); err != nil {
		return err
	}
	want := v.Snapshot()
	if _, err := v.state(straight, v.good, bad); err != nil {
		return err
	}
	err = v.compareWith(d, stateOf(want), diff.Of(v.m))
	if len(d.Differences) > 0 {
		d.Instruction, d.Good.ICount, d.Good.Sub, d.Bad = i, same, 0, d.At
	}
	return err
}

// state goes from a snapshot to a count in some way. If the machine cannot go that
// far, the outcome says where it is.
func (v *verifier) state(w way, from *snapshots.Snapshot, n uint64) (o outcome, err error) {
	if err := v.restore(from); err != nil {
		return o, err
	}
	if err := orDiverged(v.run(w, n)); err != nil {
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

// The instructions that are shown before and after another.
const before, after = 3, 2

// around disassembles the code around an instruction. Where the instructions before
// it begin is not known: it is taken for granted that the longest row of them that
// leads to it is theirs.
func (v *verifier) around(pc uint64) ([]disasm.Instruction, error) {
	mode := disasm.Mode(v.CodeBits())
	const back = before * disasm.MaxLength
	var code [back + (1+after)*disasm.MaxLength]byte
	first := pc - back
	if n, _ := v.ReadMemory(first, code[:]); n < back+1 {
		return v.forward(mode, pc) // what is before is not mapped
	}
	for skip := range back {
		list, err := disasm.X86(mode, code[skip:back], first+uint64(skip), back)
		if err != nil {
			return nil, err
		}
		if leads(list, pc) {
			rest, err := v.forward(mode, pc)
			return append(list[max(0, len(list)-before):], rest...), err
		}
	}
	return v.forward(mode, pc)
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

// forward disassembles from an instruction on.
func (v *verifier) forward(mode disasm.Mode, pc uint64) ([]disasm.Instruction, error) {
	var code [(1 + after) * disasm.MaxLength]byte
	n, _ := v.ReadMemory(pc, code[:])
	return disasm.X86(mode, code[:n], pc, 1+after)
}
