// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/timeline"
)

// recording is a recorded run of the guest and what it looked like.
type recording struct {
	options testguest.Options
	tape    *replay.Tape
	console string
}

// record records the guest until its power-off. drive is called on another
// goroutine with the machine's door, and with a channel that is closed when the
// guest asks its question.
func record(t *testing.T, words string, drive func(live *replay.Live, asked <-chan struct{})) *recording {
	t.Helper()
	live, asked := testguest.Live(), make(chan struct{})
	path := filepath.Join(t.TempDir(), "log")
	log, err := replay.CreateLog(path, replay.ID{1})
	if err != nil {
		t.Fatal(err)
	}
	rec := replay.NewRecorder(live, log)
	var line []byte
	o := testguest.Options{Words: words}
	vm := testguest.New(t, testguest.Options{Words: words, Inputs: rec, Console: func(b byte) {
		if line = append(line, b); b == '\n' {
			line = line[:0]
		}
		if string(line) == "say something: " {
			close(asked)
		}
	}})
	live.OnPush(vm.Engine.RequestStop)
	l, err := timeline.NewLive(vm.Machine, rec, nil)
	if err != nil {
		t.Fatal(err)
	}
	var driver sync.WaitGroup
	driver.Go(func() { drive(live, asked) })
	stop, err := l.Continue(context.Background())
	if err != nil || stop != timeline.StopEnd || vm.End().Kind != machine.EndPowerOff {
		t.Fatalf("recording: stopped at %v: %v, %v, error %v; want a power-off", vm.Moment(), stop, vm.End(), err)
	}
	driver.Wait()
	if err := l.Finish(vm.End().String()); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	tape, err := replay.LoadTape(path)
	if err != nil {
		t.Fatal(err)
	}
	return &recording{o, tape, vm.Console()}
}

// answer is what is typed when the guest asks.
const answer = "forty-two,  I think\n"

// typist types before it is asked, presses buttons, and answers byte by byte, all
// whenever the host comes to it.
func typist(live *replay.Live, asked <-chan struct{}) {
	live.Push(machine.Input{Kind: machine.InputSerial, Data: []byte("early ")})
	for _, k := range []machine.InputKind{machine.InputNMI, machine.InputPower, machine.InputNMI} {
		time.Sleep(300 * time.Millisecond)
		live.Push(machine.Input{Kind: k})
		live.Push(machine.Input{Kind: machine.InputSerial, Data: []byte(".")})
	}
	<-asked
	for _, b := range []byte(answer) {
		time.Sleep(time.Millisecond)
		live.Push(machine.Input{Kind: machine.InputSerial, Data: []byte{b}})
	}
}

// silence types nothing.
func silence(*replay.Live, <-chan struct{}) {}

// open returns a timeline over the recording, at its beginning.
func (r *recording) open(t *testing.T) (*timeline.Timeline, *testguest.VM) {
	t.Helper()
	o, player := r.options, replay.NewPlayer(r.tape)
	o.Inputs = player
	vm := testguest.New(t, o)
	tl, err := timeline.New(timeline.Config{Machine: vm.Machine, Player: player, Interval: 50e6})
	if err != nil {
		t.Fatal(err)
	}
	return tl, vm
}

// replayed returns a machine that replays the recording without a timeline.
func (r *recording) replayed(t *testing.T) *testguest.VM {
	t.Helper()
	o := r.options
	o.Inputs = replay.NewPlayer(r.tape)
	return testguest.Boot(t, o)
}

// explain lists the inputs, so that a failure shows what made it.
func (r *recording) explain() string {
	var b strings.Builder
	for i := range r.tape.Events() {
		e := &r.tape.Events()[i]
		b.WriteString(e.At.String() + ": " + e.Summary() + "\n")
	}
	return b.String()
}

// answered is a recording with inputs of all kinds, and what straight replay of
// it looks like at some counts.
type answeredRecording struct {
	*recording
	points []uint64 // ascending
	hashes map[uint64]machine.Hash
	// from and to bound a stretch in which the guest forks: full of system
	// calls, page faults and interrupts. Both are points.
	from, to uint64
}

var answered struct {
	sync.Mutex
	*answeredRecording
}

// answeredGuest makes the recording, once for all tests.
func answeredGuest(t *testing.T) *answeredRecording {
	t.Helper()
	answered.Lock()
	defer answered.Unlock()
	if answered.answeredRecording != nil {
		return answered.answeredRecording
	}
	a := &answeredRecording{recording: record(t, "ask", typist), hashes: map[uint64]machine.Hash{}}
	a.from = a.printed(t, "WORK-FORK") + 20e6
	a.to = a.from + 60e6
	a.points = []uint64{a.from, a.to}
	random := rand.New(rand.NewPCG(7, 0))
	for range 40 {
		a.points = append(a.points, 1+random.Uint64N(a.tape.End().At.ICount-1))
	}
	slices.Sort(a.points)
	vm := a.replayed(t)
	for _, n := range a.points {
		vm.Goto(t, n)
		a.hashes[n] = vm.Hash()
	}
	answered.answeredRecording = a
	return a
}

// printed returns the count at which the guest has printed a text.
func (r *recording) printed(t *testing.T, text string) uint64 {
	t.Helper()
	o := r.options
	o.Inputs = replay.NewPlayer(r.tape)
	var vm *testguest.VM
	o.Console = func(byte) {
		if strings.HasSuffix(vm.Console(), text) {
			vm.Interrupt()
		}
	}
	vm = testguest.Boot(t, o)
	if stop, err := vm.Run(testguest.Forever); err != nil || stop.Kind != machine.StopInterrupted {
		t.Fatalf("waiting for %q on the console: %+v, error %v", text, stop, err)
	}
	return vm.Moment().ICount
}

// check compares the machine, which must be in the canonical state at a point,
// with the straight replay.
func (a *answeredRecording) check(t *testing.T, vm *testguest.VM, n uint64, how string) {
	t.Helper()
	if at, want := vm.Moment(), (machine.Moment{ICount: n}); at != want {
		t.Fatalf("%s: the machine is at %v, want %v", how, at, want)
	}
	want, ok := a.hashes[n]
	if got := vm.Hash(); ok && got == want {
		return
	}
	straight := a.replayed(t)
	straight.Goto(t, n)
	if diff := testguest.Diff(vm.Machine, straight.Machine); diff != "" {
		t.Fatalf("%s: at icount %d the state differs from straight replay in:\n%s\nThe inputs are:\n%s", how, n, diff, a.explain())
	}
}
