// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/cpu/x86"
	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/timeline"
)

// directMap is where the guest's kernel maps all of RAM; it is not moved, as the kernel is
// entered without its boot loader.
const directMap = 0xffff_8880_0000_0000

// A debugger's write is found like an instruction's, forward and back, at a physical and at
// a linear address, and it is said that it was the debugger.
func TestOutsideWrites(t *testing.T) {
	const pa, first, second = 0x80000, 700_000_000, 733_000_000
	live := testguest.Live()
	r := record(t, plan{live: live, end: machine.EndOperator, run: func(l *timeline.Live, vm *testguest.VM) (timeline.Stop, error) {
		write := func(at uint64, f func() error) {
			t.Helper()
			if stop, err := l.StepForward(background, at-vm.Moment().ICount); stop != timeline.StopArrived || err != nil {
				t.Fatalf("going to %d: %v, error %v", at, stop, err)
			}
			if err := f(); err != nil {
				t.Fatal(err)
			}
		}
		// A watchpoint does not take the debugger's own write for a hit.
		if err := l.InsertWatch(cpu.Watch{Addr: pa, Size: 8, Kind: cpu.WatchChange, Physical: true}); err != nil {
			t.Fatal(err)
		}
		write(first, func() error { return l.WritePhysical(pa+2, []byte{1, 2, 3}) })
		write(first, func() error { return l.WritePhysical(pa+4096, []byte("elsewhere")) })
		write(second, func() error { return l.WriteMemory(directMap+pa+5, []byte{0, 9}) })      // the first is there already
		write(second+1000, func() error { return l.WriteMemory(directMap+pa+5, []byte{0, 9}) }) // and here both
		// The next hit is an instruction's again.
		own := cpu.Watch{Addr: vm.Unicorn.State().Regs[x86.RegRSP] - 8, Size: 8, Kind: cpu.WatchAccess}
		if err := l.InsertWatch(own); err != nil {
			t.Fatal(err)
		}
		if stop, err := l.Continue(background); err != nil || stop != timeline.StopWatch || l.LastHit().By != "" || l.LastHit().ICount != vm.Moment().ICount {
			t.Errorf("on to an access of the stack: %v, error %v at %v, hit %+v; want an instruction's", stop, err, vm.Moment(), l.LastHit())
		}
		l.RemoveWatch(own)
		return thenPush(live, 100_000_000, machine.InputEnd)(l, vm)
	}})
	for _, s := range r.stored {
		for _, n := range []uint64{first, second} {
			if s.From <= n && n < s.To {
				t.Errorf("the stretch from %d to %d is said to be known, though the debugger wrote at %d", s.From, s.To, n)
			}
		}
	}
	if len(r.stored) < 50 {
		t.Errorf("%d stretches are known, want most of them", len(r.stored))
	}
	for _, watch := range []cpu.Watch{
		{Addr: pa, Size: 8, Kind: cpu.WatchChange, Physical: true},
		{Addr: directMap + pa, Size: 8, Kind: cpu.WatchChange},
		{Addr: directMap + pa - 0x2000, Size: 0x2100, Kind: cpu.WatchChange},
	} {
		firstByte := func(offset uint64) uint64 {
			if watch.Physical {
				return pa + offset
			}
			return directMap + pa + offset
		}
		tl, vm := r.open(t)
		for _, s := range r.stored {
			tl.Learn(s)
		}
		seek(t, tl, 650_000_000)
		if err := tl.InsertWatch(watch); err != nil {
			t.Fatal(err)
		}
		hits := []cpu.Hit{
			{ICount: first + 1, Addr: firstByte(2), Watch: cpu.WatchChange, Store: true, By: "the debugger"},
			{ICount: second + 1, Addr: firstByte(5), Watch: cpu.WatchChange, Store: true, By: "the debugger"},
		}
		for _, want := range hits {
			stop, err := tl.Continue(background)
			at := machine.Moment{ICount: want.ICount - 1, Sub: 1}
			if err != nil || stop != timeline.StopWatch || tl.LastHit() != want || vm.Moment() != at {
				t.Fatalf("%v: Continue = %v, error %v at %v, hit %+v; want %+v at %v", watch, stop, err, vm.Moment(), tl.LastHit(), want, at)
			}
		}
		// Back to what has just been done, then to the one before, then to none.
		for _, want := range []cpu.Hit{hits[1], hits[0]} {
			stop, err := tl.ReverseContinue(background)
			at := machine.Moment{ICount: want.ICount - 1}
			if err != nil || stop != timeline.StopWatch || tl.LastHit() != want || vm.Moment() != at {
				t.Fatalf("%v: ReverseContinue = %v, error %v at %v, hit %+v; want %+v at %v", watch, stop, err, vm.Moment(), tl.LastHit(), want, at)
			}
		}
		if stop, err := tl.StepForward(background, 1); err != nil || stop != timeline.StopWatch || tl.LastHit() != hits[0] {
			t.Errorf("%v: a step over the write = %v, error %v, hit %+v; want %+v", watch, stop, err, tl.LastHit(), hits[0])
		}
		seek(t, tl, first+1)
		if stop, err := tl.StepBack(background, 1); err != nil || stop != timeline.StopWatch || tl.LastHit() != hits[0] || vm.Moment().ICount != first {
			t.Errorf("%v: a step back over the write = %v, error %v at %v, hit %+v; want %+v", watch, stop, err, vm.Moment(), tl.LastHit(), hits[0])
		}
		seek(t, tl, r.tape.End().At.ICount)
		if stop, err := tl.ReverseContinue(background); err != nil || stop != timeline.StopWatch || tl.LastHit() != hits[1] {
			t.Errorf("%v: ReverseContinue from the end = %v, error %v, hit %+v; want %+v", watch, stop, err, tl.LastHit(), hits[1])
		}
		tl.RemoveWatch(watch)
		for _, from := range []uint64{second, r.tape.End().At.ICount} {
			seek(t, tl, from)
			want := timeline.Write{By: "the debugger", At: machine.Moment{ICount: first}, Old: make([]byte, 8), New: []byte{0, 0, 1, 2, 3, 0, 0, 0}}
			if from > second {
				want.At.ICount, want.Old, want.New = second, want.New, []byte{0, 0, 1, 2, 3, 0, 9, 0}
			}
			w, err := tl.WhoWrote(background, firstByte(0), 8, watch.Physical)
			if err != nil || w.By != want.By || w.At != want.At || !bytes.Equal(w.Old, want.Old) || !bytes.Equal(w.New, want.New) || vm.Moment() != want.At {
				t.Errorf("WhoWrote(%#x) from %d = %+v, error %v at %v; want %+v", firstByte(0), from, w, err, vm.Moment(), want)
			}
		}
	}
	// Right behind a write, before any further instruction.
	tl, vm := r.open(t)
	seek(t, tl, first)
	watch := cpu.Watch{Addr: pa, Size: 8, Kind: cpu.WatchAccess, Physical: true}
	if err := tl.InsertWatch(watch); err != nil {
		t.Fatal(err)
	}
	if stop, err := tl.Continue(background); err != nil || stop != timeline.StopWatch || vm.Moment() != (machine.Moment{ICount: first, Sub: 1}) {
		t.Fatalf("Continue = %v, error %v at %v; want the write at %d", stop, err, vm.Moment(), first)
	}
	w, err := tl.WhoWrote(background, pa, 8, true)
	if err != nil || w.By != "the debugger" || w.At.ICount != first || !bytes.Equal(w.New, []byte{0, 0, 1, 2, 3, 0, 0, 0}) {
		t.Errorf("WhoWrote right behind the write = %+v, error %v; want the debugger at %d", w, err, first)
	}
}

// What a reset does to RAM is found too.
func TestResetWrites(t *testing.T) {
	live := testguest.Live()
	r := record(t, plan{options: testguest.Options{Reboot: true}, live: live, end: machine.EndOperator,
		run: thenPush(live, 300_000_000, machine.InputReset, machine.InputEnd)})
	var reset uint64
	for _, e := range r.events() {
		if e.Input.Kind == machine.InputReset {
			reset = e.At.ICount
		}
	}
	tl, vm := r.open(t)
	seek(t, tl, reset)
	before := bytes.Clone(vm.RAM.Host[:0xa0000])
	seek(t, tl, reset+1)
	word := func(p []byte, at int) uint64 { return binary.LittleEndian.Uint64(p[at:]) }
	cleared := -1
	for at := 0; at < len(before) && cleared < 0; at += 8 {
		if word(before, at) != 0 && word(vm.RAM.Host, at) == 0 {
			cleared = at
		}
	}
	if cleared < 0 {
		t.Fatal("the reset clears nothing: the test is void")
	}
	w, err := tl.WhoWrote(background, uint64(cleared), 8, true)
	if err != nil || w.By != "the reset" || w.At.ICount != reset || word(w.Old, 0) != word(before, cleared) || word(w.New, 0) != 0 {
		t.Errorf("WhoWrote(%#x) = %+v, error %v; want the reset at %d, %#x to 0", cleared, w, err, reset, word(before, cleared))
	}
	for _, s := range r.stored {
		if s.From <= reset && reset < s.To {
			t.Errorf("the stretch from %d to %d is said to be known, though there was a reset at %d", s.From, s.To, reset)
		}
	}
}
