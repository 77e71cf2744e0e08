// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/timeline"
)

// spokenRecording is a short recording of a guest that prints from the beginning on.
type spokenRecording struct {
	*recording
	counts []uint64 // at which each byte of the console left, in straight replay
	noted  uint64   // where the snapshot "noted" was taken
}

var spoken struct {
	sync.Mutex
	*spokenRecording
}

// spokenGuest makes the recording, once for all tests: inputs at about 0, 133 and 200
// million instructions, which end it.
func spokenGuest(t *testing.T) *spokenRecording {
	t.Helper()
	spoken.Lock()
	defer spoken.Unlock()
	if spoken.spokenRecording != nil {
		return spoken.spokenRecording
	}
	live, s := testguest.Live(), &spokenRecording{}
	rest := thenPush(live, 66_666_667, machine.InputSerial, machine.InputEnd)
	s.recording = record(t, plan{live: live, end: machine.EndOperator, options: testguest.Options{Words: "earlyprintk=ttyS0"},
		run: func(l *timeline.Live, vm *testguest.VM) (timeline.Stop, error) {
			live.Push(machine.Input{Kind: machine.InputPower})
			if stop, err := l.StepForward(background, 66_666_667); err != nil || stop != timeline.StopArrived {
				return stop, err
			}
			s.noted = vm.Moment().ICount
			if err := l.SaveSnapshot("noted"); err != nil {
				return 0, err
			}
			return rest(l, vm)
		}})
	straight := *s.recording
	var vm *testguest.VM
	straight.options.Console = func(byte) { s.counts = append(s.counts, vm.Engine.ICount()) }
	vm = straight.replayed(t)
	vm.Goto(t, s.tape.End().At.ICount)
	if len(s.counts) != len(s.console) {
		t.Fatalf("straight replay prints %d bytes; want %d as recorded", len(s.counts), len(s.console))
	}
	spoken.spokenRecording = s
	return s
}

// said returns the counts at which a text was complete on the console.
func (s *spokenRecording) said(text string) (counts []uint64) {
	for i := range s.console {
		if strings.HasSuffix(s.console[:i+1], text) {
			counts = append(counts, s.counts[i])
		}
	}
	return counts
}

// sameAs compares the machine with straight replay.
func (s *spokenRecording) sameAs(t *testing.T, vm *testguest.VM, n uint64) {
	t.Helper()
	straight := s.replayed(t)
	straight.Goto(t, n)
	if diff := testguest.Diff(vm.Machine, straight.Machine); diff != "" {
		t.Errorf("at icount %d the state differs from straight replay in:\n%s", n, diff)
	}
}
