// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/timeline"
)

func TestSameInputsMakeSameRecording(t *testing.T) {
	a, b := record(t, "", silence), record(t, "", silence)
	if a.tape.End() != b.tape.End() {
		t.Errorf("two recordings without input end differently: %+v and %+v", a.tape.End(), b.tape.End())
	}
	if !reflect.DeepEqual(a.tape.Hashes(), b.tape.Hashes()) {
		t.Errorf("two recordings without input have the hashes\n%v\n%v", a.tape.Hashes(), b.tape.Hashes())
	}
	if a.console != b.console {
		t.Errorf("two recordings without input print\n%s\n%s", a.console, b.console)
	}
}

func TestReplayIsTheRecordedRun(t *testing.T) {
	a := answeredGuest(t)
	kinds := map[machine.InputKind]int{}
	for _, e := range a.tape.Events() {
		kinds[e.Input.Kind]++
	}
	if kinds[machine.InputSerial] < 4 || kinds[machine.InputNMI] != 2 || kinds[machine.InputPower] != 1 {
		t.Errorf("the recording has inputs %v, want serial, nmi and power: the test is void", kinds)
	}
	if want := "GUEST-ANSWER: forty-two,  I think"; !strings.Contains(a.console, want) {
		t.Errorf("the guest did not read %q; it printed\n%s", want, a.console)
	}
	for range 3 {
		tl, vm := a.open(t)
		stop, err := tl.Verify(context.Background())
		if err != nil || stop != timeline.StopEnd {
			t.Fatalf("verifying: %v, error %v; want end of history. The inputs are:\n%s", stop, err, a.explain())
		}
		if vm.End().Kind != machine.EndPowerOff {
			t.Errorf("the replay ends with %v, want power-off", vm.End())
		}
		if vm.Console() != a.console {
			t.Errorf("the replay prints\n%s\nwant\n%s", vm.Console(), a.console)
		}
	}
}
