// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
	"github.com/vmrr/vmrr/timeline"
)

// recording is a recorded run of the guest and what it looked like.
type recording struct {
	options testguest.Options
	tape    *replay.Tape
	log     []byte // the log that the tape was read from
	console string
	printed map[string]uint64   // the count at which a line of the console began so
	origin  *snapshots.Snapshot // in which it begins; nil: switched on
	stored  []replay.Stretch    // where the recorder says that the guest stored
}

// plan is how to make a recording. The zero value is a boot without input.
type plan struct {
	options testguest.Options
	live    *replay.Live // nil: testguest.Live()
	// drive, if not nil, is called on another goroutine with the machine's door
	// and what the guest prints.
	drive func(live *replay.Live, shown *screen)
	// run runs the machine to its end; nil: Continue.
	run    func(l *timeline.Live, vm *testguest.VM) (timeline.Stop, error)
	end    machine.EndKind // 0: power-off
	policy timeline.Policy
	taken  func(*snapshots.Snapshot) // is told of the automatic snapshots
	// persist keeps the snapshots that run saves.
	persist func(*snapshots.Snapshot) error
	// fork makes the recording that follows a jump to a snapshot; nil: none.
	fork func(*snapshots.Snapshot) (*timeline.Recording, error)
}

// record makes a recording.
func record(t *testing.T, p plan) *recording {
	t.Helper()
	if p.live == nil {
		p.live = testguest.Live()
	}
	if p.run == nil {
		p.run = func(l *timeline.Live, _ *testguest.VM) (timeline.Stop, error) { return l.Continue(background) }
	}
	if p.end == 0 {
		p.end = machine.EndPowerOff
	}
	path := filepath.Join(t.TempDir(), "log")
	log, err := replay.CreateLog(path, replay.ID{1})
	if err != nil {
		t.Fatal(err)
	}
	rec, shown := replay.NewRecorder(p.live, log), newScreen()
	var vm *testguest.VM
	var line []byte
	printed := map[string]uint64{}
	o := p.options
	o.Inputs, o.Console = rec, func(b byte) {
		shown.print(b)
		if line = append(line, b); b == '\n' {
			line = line[:0]
		}
		switch string(line) {
		case "WORK-FORK", "WORK-SLEEP":
			printed[string(line)] = vm.Engine.ICount()
		}
	}
	vm = testguest.New(t, o)
	p.live.OnPush(vm.Engine.RequestStop)
	to := recordingOf(rec, p.persist)
	to.Fork, to.Close = p.fork, log.Close
	if p.taken != nil {
		to.Keep = func(s *snapshots.Snapshot) error { p.taken(s); return nil }
	}
	var stored []replay.Stretch
	to.Stored = func(s replay.Stretch) { stored = append(stored, s) }
	l, err := timeline.NewLive(timeline.LiveConfig{Machine: vm.Machine, Recording: to, Policy: p.policy})
	if err != nil {
		t.Fatal(err)
	}
	var driver sync.WaitGroup
	if p.drive != nil {
		driver.Go(func() { p.drive(p.live, shown) })
	}
	stop, err := p.run(l, vm)
	if err != nil || stop != timeline.StopEnd || vm.End().Kind != p.end {
		t.Fatalf("recording: stopped at %v: %v, %v, error %v; want %v", vm.Moment(), stop, vm.End(), err, machine.End{Kind: p.end})
	}
	driver.Wait()
	if err := l.Finish(vm.End().String()); err != nil {
		t.Fatal(err)
	}
	if err := l.Recording().Close(); err != nil {
		t.Fatal(err)
	}
	r := load(t, path, p.options, vm.Console())
	r.printed, r.stored = printed, stored
	return r
}

// recordingOf makes what a live machine is written to; keep may be nil.
func recordingOf(rec *replay.Recorder, keep func(*snapshots.Snapshot) error) *timeline.Recording {
	named := func(s *snapshots.Snapshot) error {
		if keep == nil || s.Name == "" {
			return nil
		}
		return keep(s)
	}
	return &timeline.Recording{Recorder: rec, Keep: named}
}

// load reads a recording's log.
func load(t *testing.T, path string, o testguest.Options, console string) *recording {
	t.Helper()
	tape, err := replay.LoadTape(path)
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return &recording{options: o, tape: tape, log: log, console: console}
}

// Vectors of the guest's kernel: page fault, and the local APIC's timer.
const (
	pageFault  = 14
	localTimer = 0xec
)

// question is what the guest asks, and answer what is typed then.
const (
	question = "say something: "
	answer   = "forty-two,  I think\n"
)

// typist types before it is asked, presses buttons while the kernel starts, and
// answers byte by byte as it sees them, all whenever the host comes to it.
func typist(live *replay.Live, shown *screen) {
	live.Push(machine.Input{Kind: machine.InputSerial, Data: []byte("early ")})
	for _, press := range []struct {
		when string
		kind machine.InputKind
	}{
		{"TOMOYO Linux initialized", machine.InputNMI},
		{"cpuidle: using governor", machine.InputPower},
		{"rtc_cmos", machine.InputNMI},
	} {
		shown.wait(press.when)
		live.Push(machine.Input{Kind: press.kind})
		live.Push(machine.Input{Kind: machine.InputSerial, Data: []byte(".")})
	}
	for i := range answer {
		shown.wait(question + answer[:i])
		live.Push(machine.Input{Kind: machine.InputSerial, Data: []byte{answer[i]}})
	}
}

// open returns a timeline over the recording, at its beginning.
func (r *recording) open(t *testing.T) (*timeline.Timeline, *testguest.VM) {
	t.Helper()
	return r.openWith(t, 50e6, 0)
}

// openWith opens it with another distance between snapshots, in instructions, and
// another code cache, in bytes.
func (r *recording) openWith(t *testing.T, interval, codeCache uint64) (*timeline.Timeline, *testguest.VM) {
	t.Helper()
	return r.openPolicy(t, timeline.Policy{Every: interval}, codeCache)
}

func (r *recording) openPolicy(t *testing.T, policy timeline.Policy, codeCache uint64) (*timeline.Timeline, *testguest.VM) {
	t.Helper()
	o, player := r.options, replay.NewPlayer(r.tape)
	o.Inputs, o.CodeCache = player, codeCache
	vm := testguest.New(t, o)
	tl, err := timeline.New(timeline.Config{Machine: vm.Machine, Player: player, Origin: r.origin, Policy: policy})
	if err != nil {
		t.Fatal(err)
	}
	return tl, vm
}

// verify replays the recording with all its checks and compares the console.
func (r *recording) verify(t *testing.T) *testguest.VM {
	t.Helper()
	tl, vm := r.open(t)
	stop, err := tl.Verify(background)
	if err != nil || stop != timeline.StopEnd {
		t.Fatalf("verifying: %v, error %v; want end of history. The inputs are:\n%s", stop, err, r.explain())
	}
	if vm.Console() != r.console {
		t.Errorf("the replay prints\n%s\nwant\n%s", vm.Console(), r.console)
	}
	return vm
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
	for _, e := range r.events() {
		b.WriteString(e.At.String() + ": " + e.Summary() + "\n")
	}
	return b.String()
}

// events returns the events of the recording.
func (r *recording) events() (events []replay.Record) {
	for e, err := range r.tape.EventsBetween(machine.Moment{}, machine.Moment{ICount: testguest.Forever}) {
		if err != nil {
			panic(err)
		}
		events = append(events, e)
	}
	return events
}
