// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/timeline"
)

func TestSameInputsMakeSameRecording(t *testing.T) {
	boot := func() *recording { // until the guest computes
		live := testguest.Live()
		return record(t, plan{live: live, end: machine.EndOperator, run: thenPush(live, 1_700_000_000, machine.InputEnd)})
	}
	a, b := boot(), boot()
	if !reflect.DeepEqual(a.tape.End(), b.tape.End()) {
		t.Errorf("two recordings with the same inputs end differently: %+v and %+v", a.tape.End(), b.tape.End())
	}
	if !reflect.DeepEqual(a.tape.Hashes(), b.tape.Hashes()) {
		t.Errorf("two recordings with the same inputs have the hashes\n%v\n%v", a.tape.Hashes(), b.tape.Hashes())
	}
	if a.console != b.console {
		t.Errorf("two recordings with the same inputs print\n%s\n%s", a.console, b.console)
	}
}

func TestReplayIsTheRecordedRun(t *testing.T) {
	a := answeredGuest(t)
	kinds := map[machine.InputKind]int{}
	for _, e := range a.events() {
		kinds[e.Input.Kind]++
	}
	if kinds[machine.InputSerial] < 4 || kinds[machine.InputNMI] != 2 || kinds[machine.InputPower] != 1 {
		t.Errorf("the recording has inputs %v, want serial, nmi and power: the test is void", kinds)
	}
	if want := "GUEST-ANSWER: forty-two,  I think"; !strings.Contains(a.console, want) {
		t.Errorf("the guest did not read %q; it printed\n%s", want, a.console)
	}
	if end := a.verify(t).End(); end.Kind != machine.EndPowerOff {
		t.Errorf("the replay ends with %v, want power-off", end)
	}
}

// A machine that waits in host time is woken by inputs in the middle of a wait.
func TestReplayOfHostTime(t *testing.T) {
	waits := make(chan struct{})
	now := func() time.Time { // what the door asks before it waits, and behind a wait that ended early
		select {
		case waits <- struct{}{}:
		default:
		}
		return time.Now()
	}
	r := record(t, plan{options: testguest.Options{Words: "ask"}, live: replay.NewLive(now, rand.Reader, true),
		drive: func(live *replay.Live, shown *screen) {
			shown.wait(question)
			for _, b := range []byte(answer) {
				<-waits
				live.Push(machine.Input{Kind: machine.InputSerial, Data: []byte{b}})
			}
		}})
	warps := 0
	for _, e := range r.events() {
		if e.Kind == replay.KindWarp {
			warps++
		}
	}
	if warps < 5 {
		t.Errorf("the recording has %d waits that ended early, want 5 or more: the test is void", warps)
	}
	r.verify(t)
}

// What a debugger does while it records is not in the recording: not where it
// stopped, and not between the delivery of an interrupt and its handler.
func TestReplayOfDebuggedRun(t *testing.T) {
	live := testguest.Live()
	pushed := 0
	r := record(t, plan{live: live, run: func(l *timeline.Live, vm *testguest.VM) (timeline.Stop, error) {
		if stop, err := l.StepForward(background, 2_600_000_000); stop != timeline.StopArrived || err != nil {
			return stop, err
		}
		for _, b := range []uint64{vm.Unicorn.State().LSTAR, vm.Gate(t, pageFault), vm.Gate(t, localTimer)} {
			l.InsertBreak(b)
			defer l.RemoveBreak(b)
			for i := range 300 {
				if stop, err := l.Continue(background); stop != timeline.StopBreak || err != nil {
					return stop, err
				}
				switch i % 7 {
				case 1:
					live.Push(machine.Input{Kind: machine.InputNMI})
					pushed++
				case 3:
					live.Push(machine.Input{Kind: machine.InputSerial, Data: []byte("x")})
					pushed++
				case 5:
					if _, err := l.StepForward(background, uint64(i%5)); err != nil {
						return 0, err
					}
				}
			}
			l.RemoveBreak(b)
		}
		return l.Continue(background)
	}})
	if got := len(r.events()); got < pushed {
		t.Errorf("the recording has %d events, want at least the %d inputs", got, pushed)
	}
	r.verify(t)
}

// A reset starts the guest again, in RAM that keeps its contents.
func TestReplayOfReset(t *testing.T) {
	live := testguest.Live()
	r := record(t, plan{options: testguest.Options{Reboot: true}, live: live, end: machine.EndOperator,
		run: thenPush(live, 300_000_000, machine.InputReset, machine.InputEnd)})
	vm := r.verify(t)
	if n := strings.Count(vm.Console(), "Linux version"); n != 2 {
		t.Errorf("the guest started %d times, want 2; it printed\n%s", n, vm.Console())
	}
	var reset uint64
	for _, e := range r.events() {
		if e.Input.Kind == machine.InputReset {
			reset = e.At.ICount
		}
	}
	straight, hashes := r.replayed(t), map[uint64]machine.Hash{}
	for _, n := range []uint64{reset - 1, reset, reset + 1, reset + 100_000_003} {
		straight.Goto(t, n)
		hashes[n] = straight.Hash()
	}
	tl, vm := r.open(t)
	for _, n := range []uint64{reset, reset + 1, reset + 100_000_003, reset - 1, reset, reset + 1} {
		seek(t, tl, n)
		if got := vm.Hash(); got != hashes[n] {
			t.Errorf("Seek(%d), with a reset at %d, leads to hash %x, want %x as in straight replay", n, reset, got, hashes[n])
		}
	}
}

func TestReplayOfOperatorsEnd(t *testing.T) {
	r := shortRecording(t)
	vm := r.verify(t)
	if vm.Moment() != r.tape.End().At || vm.End().Kind != machine.EndOperator {
		t.Errorf("the replay ends at %v with %v, want %v with the operator's end", vm.Moment(), vm.End(), r.tape.End().At)
	}
}

// The recorder was killed: the recording is good up to the cut.
func TestReplayOfCutOffRecording(t *testing.T) {
	a := answeredGuest(t)
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, a.log[:len(a.log)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	r := load(t, path, a.options, "")
	end := r.tape.End()
	if end.CutOff == nil {
		t.Fatalf("half a log ends with %+v, want it cut off", end)
	}
	tl, vm := r.open(t)
	if stop, err := tl.Verify(background); err != nil || stop != timeline.StopEnd {
		t.Errorf("verifying half a recording: %v, error %v; want end of history", stop, err)
	}
	seek(t, tl, end.At.ICount)
	straight := a.replayed(t)
	straight.Goto(t, end.At.ICount)
	if diff := testguest.Diff(vm.Machine, straight.Machine); diff != "" {
		t.Errorf("the end of half a recording at %v differs from the whole one in:\n%s", end.At, diff)
	}
}
