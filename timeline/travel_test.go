// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/cpu/x86"
	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/timeline"
)

// travels is how often TestTravelAtRandom does something.
var travels = flag.Int("travels", 200, "how many random things TestTravelAtRandom does")

// traveller does random things to a timeline and knows where each must lead.
type traveller struct {
	*testing.T
	a      *answeredRecording
	tl     *timeline.Timeline
	vm     *testguest.VM
	random *rand.Rand
	sets   [][]uint64                      // breakpoints to set together
	hits   [][]machine.Moment              // of each set, in the whole run
	active int                             // the one that is set
	seen   map[machine.Moment]machine.Hash // of states that were visited
	named  map[string]machine.Moment       // snapshots
	log    []string
}

func TestTravelAtRandom(t *testing.T) {
	a := answeredGuest(t)
	tl, vm := a.openWith(t, 20e6, 16<<20)
	v := &traveller{T: t, a: a, tl: tl, vm: vm, random: testguest.Random(9),
		seen: map[machine.Moment]machine.Hash{}, named: map[string]machine.Moment{}}
	for n, h := range a.hashes {
		v.seen[machine.Moment{ICount: n}] = h
	}
	v.sets = [][]uint64{{a.syscall}, {a.fault}, {a.timer, a.idle}}
	for _, set := range v.sets {
		v.hits = append(v.hits, a.hitsOf(0, testguest.Forever, set...))
	}
	v.toggle()
	ops := []func(){v.seek, v.seek, v.step, v.reverse, v.reverse, v.forward, v.save, v.load, v.toggle, v.watch}
	for range *travels {
		ops[v.random.IntN(len(ops))]()
	}
	v.compare()
}

// compare goes through all the canonical states that were visited, in one run.
func (v *traveller) compare() {
	vm := v.a.replayed(v.T)
	for _, at := range slices.SortedFunc(maps.Keys(v.seen), func(a, b machine.Moment) int { return cmp.Compare(a.ICount, b.ICount) }) {
		if at.Sub != 0 {
			continue
		}
		vm.Goto(v.T, at.ICount)
		if got := vm.Hash(); got != v.seen[at] {
			v.fatal("the state at %v had hash %x, in a straight replay it has %x", at, v.seen[at], got)
		}
	}
}

func (v *traveller) did(format string, args ...any) {
	v.log = append(v.log, fmt.Sprintf(format, args...))
}

func (v *traveller) fatal(format string, args ...any) {
	v.Helper()
	v.Fatalf("%s\nafter:\n%s\nThe inputs are:\n%s", fmt.Sprintf(format, args...), strings.Join(v.log, "\n"), v.a.explain())
}

// arrive checks the stop, the moment and, if it was visited before, the state.
func (v *traveller) arrive(stop timeline.Stop, err error, wantStop timeline.Stop, want machine.Moment) {
	v.Helper()
	if at := v.vm.Moment(); err != nil || stop != wantStop || at != want {
		v.fatal("%v, error %v at %v; want %v at %v", stop, err, at, wantStop, want)
	}
	hash := v.vm.Hash()
	if old, ok := v.seen[want]; ok && old != hash {
		v.fatal("the state at %v has hash %x, want %x as the last time", want, hash, old)
	}
	v.seen[want] = hash
}

func (v *traveller) seek() {
	n := v.a.points[v.random.IntN(len(v.a.points))]
	v.did("seek %d", n)
	stop, err := v.tl.Seek(background, n)
	v.arrive(stop, err, timeline.StopArrived, machine.Moment{ICount: n})
}

// step goes back by less than 2^24 instructions.
func (v *traveller) step() {
	at := v.vm.Moment()
	n := uint64(1) << v.random.IntN(24)
	if at.Sub != 0 || at.ICount < n {
		return
	}
	v.did("step back %d", n)
	stop, err := v.tl.StepBack(background, n)
	v.arrive(stop, err, timeline.StopArrived, machine.Moment{ICount: at.ICount - n})
}

// reverse and forward start behind the place where all breakpoints are mapped.
func (v *traveller) reverse() {
	at := v.vm.Moment()
	hits := v.hits[v.active]
	if at.ICount <= hits[0].ICount {
		return
	}
	v.did("reverse from %v", at)
	stop, err := v.tl.ReverseContinue(background)
	v.arrive(stop, err, timeline.StopBreak, lastBefore(hits, at.ICount))
}

func (v *traveller) forward() {
	at := v.vm.Moment()
	for _, h := range v.hits[v.active] {
		if at.Before(h) && at.ICount > v.hits[v.active][0].ICount {
			v.did("continue from %v", at)
			stop, err := v.tl.Continue(background)
			v.arrive(stop, err, timeline.StopBreak, h)
			return
		}
	}
}

// watch goes back to the last change of a quadword of the stack. The instruction ahead
// must make it, and the way forward from there must pass no other.
func (v *traveller) watch() {
	end := v.vm.Moment()
	w := cpu.Watch{Addr: (v.vm.Unicorn.State().Regs[x86.RegRSP] &^ 7) - 8*v.random.Uint64N(8), Size: 8, Kind: cpu.WatchChange}
	if _, ok := v.vm.Engine.Translate(w.Addr); !ok || end.Sub != 0 || end.ICount <= v.hits[v.active][0].ICount {
		return
	}
	v.did("reverse from %v to a %v", end, w)
	if err := v.tl.InsertWatch(w); err != nil {
		v.fatal("%v", err)
	}
	defer v.tl.RemoveWatch(w)
	stop, err := v.tl.ReverseContinue(background)
	at := v.vm.Moment()
	if stop != timeline.StopWatch { // a breakpoint comes first
		v.arrive(stop, err, timeline.StopBreak, lastBefore(v.hits[v.active], end.ICount))
		return
	}
	v.arrive(stop, err, timeline.StopWatch, machine.Moment{ICount: v.tl.LastHit().ICount - 1})
	before := v.read(w.Addr)
	stop, err = v.tl.StepForward(background, 1)
	for stop == timeline.StopBreak && v.vm.Moment().ICount == at.ICount { // at a handler, whose delivery writes
		stop, err = v.tl.StepForward(background, 1)
	}
	v.arrive(stop, err, timeline.StopWatch, machine.Moment{ICount: at.ICount + 1})
	if after := v.read(w.Addr); before == after {
		v.fatal("the instruction behind %v leaves %#x at %#x as it was", at, after, w.Addr)
	}
	stop, err = v.tl.StepForward(background, end.ICount-at.ICount-1)
	if now := v.vm.Moment(); err != nil || stop == timeline.StopWatch && now.ICount <= end.ICount || stop == timeline.StopBreak && now.Before(end) {
		v.fatal("forward from %v: %v, error %v at %v; want to come to %v", at, stop, err, now, end)
	}
}

func (v *traveller) read(linear uint64) (b [8]byte) {
	if _, err := v.tl.ReadMemory(linear, b[:]); err != nil {
		v.fatal("%v", err)
	}
	return b
}

func (v *traveller) save() {
	name := fmt.Sprint("s", v.random.IntN(5))
	v.did("save %s at %v", name, v.vm.Moment())
	if err := v.tl.SaveSnapshot(name); err != nil {
		v.fatal("%v", err)
	}
	v.named[name] = v.vm.Moment()
}

func (v *traveller) load() {
	name := fmt.Sprint("s", v.random.IntN(5))
	want, ok := v.named[name]
	if !ok {
		return
	}
	v.did("load %s of %v", name, want)
	err := v.tl.LoadSnapshot(background, name)
	v.arrive(timeline.StopArrived, err, timeline.StopArrived, want)
}

func (v *traveller) toggle() {
	for _, linear := range v.sets[v.active] {
		v.tl.RemoveBreak(linear)
	}
	v.active = v.random.IntN(len(v.sets))
	v.did("breakpoints at %#x", v.sets[v.active])
	for _, linear := range v.sets[v.active] {
		v.tl.InsertBreak(linear)
	}
}
