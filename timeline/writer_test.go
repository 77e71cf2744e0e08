// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/timeline"
)

// WhoWrote names the instruction that single steps say changed the stack last, with
// break- and watchpoints in the way, which stay.
func TestWhoWrote(t *testing.T) {
	s := spokenGuest(t)
	const from, span = 150_000_000, 30_000
	vm := s.replayed(t)
	vm.Goto(t, from)
	stack := vm.Unicorn.State().Regs[4] &^ 7
	value := func(at uint64) []byte {
		pa, ok := vm.Engine.Translate(at)
		if !ok {
			t.Fatalf("the stack at %#x is not mapped", at)
		}
		return bytes.Clone(vm.RAM.Host[pa:][:8])
	}
	// Of some quadwords, the instructions that changed them last.
	type change struct {
		n, pc    uint64
		old, now []byte
	}
	last, was := map[uint64]change{}, map[uint64][]byte{}
	for i := range uint64(16) {
		was[stack-8*i] = value(stack - 8*i)
	}
	for n := uint64(from + 1); n <= from+span; n++ {
		pc := vm.Engine.PC()
		vm.Goto(t, n)
		for at, old := range was {
			if now := value(at); !bytes.Equal(old, now) {
				last[at], was[at] = change{n, pc, old, now}, now
			}
		}
	}
	if len(last) < 3 {
		t.Fatalf("%d quadwords of the stack change in %d instructions, want 3 or more: the test is void", len(last), span)
	}
	tl, vm2 := s.open(t)
	seek(t, tl, from+span)
	pc := tl.PC()
	tl.InsertBreak(pc)
	asked := 0
	tl.SetCondition(pc, func() bool { asked++; return true })
	watch := cpu.Watch{Addr: stack - 8, Size: 8, Kind: cpu.WatchAccess}
	if err := tl.InsertWatch(watch); err != nil {
		t.Fatal(err)
	}
	for at, want := range last {
		pa, _ := vm.Engine.Translate(at)
		for _, where := range []struct {
			addr     uint64
			physical bool
		}{{at, false}, {pa, true}} {
			seek(t, tl, from+span)
			w, err := tl.WhoWrote(background, where.addr, 8, where.physical)
			if err != nil || w.At.ICount != want.n-1 || w.PC != want.pc || !bytes.Equal(w.Old, want.old) || !bytes.Equal(w.New, want.now) {
				t.Errorf("WhoWrote(%#x, physical %v) = %+v, error %v; want icount %d, pc %#x, %x, %x",
					where.addr, where.physical, w, err, want.n-1, want.pc, want.old, want.now)
			}
			if vm2.Moment() != w.At || tl.PC() != w.PC {
				t.Errorf("WhoWrote(%#x) leads to %v, pc %#x; want %v, pc %#x", where.addr, vm2.Moment(), tl.PC(), w.At, w.PC)
			}
		}
	}
	// What nobody wrote to, and what is no memory.
	seek(t, tl, from)
	code := binary.LittleEndian.Uint64(tl.ReadRegister(tl.Description().Lookup("rip"))) // the kernel's text, after it was patched
	var none *timeline.NotFoundError
	if _, err := tl.WhoWrote(background, 0xdead0000, 8, false); !errors.As(err, &none) || vm2.Moment().ICount != from {
		t.Errorf("WhoWrote(%#x): error %v at %v; want a NotFoundError at %d", 0xdead0000, err, vm2.Moment(), from)
	}
	for _, size := range []int{0, -1, 65} {
		if _, err := tl.WhoWrote(background, code, size, false); err == nil {
			t.Errorf("WhoWrote of %d bytes has no error", size)
		}
	}
	if _, err := tl.WhoWrote(cancelled(), 0xdead0000, 8, false); err == nil || errors.As(err, &none) || vm2.Moment().ICount != from {
		t.Errorf("WhoWrote, cancelled: error %v at %v; want interrupted at %d", err, vm2.Moment(), from)
	}
	// The session's own still work.
	tl.RemoveWatch(watch)
	if asked > 0 {
		t.Errorf("WhoWrote asked the session's breakpoint for its condition %d times, want never", asked)
	}
	if stop, err := tl.Continue(background); err != nil || stop != timeline.StopBreak || tl.PC() != pc || asked != 1 {
		t.Errorf("Continue = %v, error %v at pc %#x, its condition asked %d times; want the breakpoint at %#x, once", stop, err, tl.PC(), asked, pc)
	}
	tl.RemoveBreak(pc)
	if err := tl.InsertWatch(watch); err != nil {
		t.Fatal(err)
	}
	if stop, err := tl.ReverseContinue(background); err != nil || stop != timeline.StopWatch {
		t.Errorf("ReverseContinue = %v, error %v; want the watchpoint", stop, err)
	}
}
