// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"path/filepath"
	"testing"

	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/timeline"
)

// A recording may end wherever a debugger has stopped the machine.
func TestReplayToAnyEnd(t *testing.T) {
	for _, test := range []struct {
		name string
		stop func(l *timeline.Live, vm *testguest.VM) (timeline.Stop, error)
	}{
		{"between two instructions", func(l *timeline.Live, vm *testguest.VM) (timeline.Stop, error) {
			return l.StepForward(background, 12345)
		}},
		{"behind the delivery of an interrupt", func(l *timeline.Live, vm *testguest.VM) (timeline.Stop, error) {
			l.InsertBreak(vm.Gate(t, localTimer))
			return l.Continue(background)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			log, err := replay.CreateLog(path, replay.ID{2})
			if err != nil {
				t.Fatal(err)
			}
			rec := replay.NewRecorder(testguest.Live(), log)
			vm := testguest.New(t, testguest.Options{Inputs: rec})
			l, err := timeline.NewLive(timeline.LiveConfig{Machine: vm.Machine, Recording: recordingOf(rec, nil)})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := l.StepForward(background, 300_000_000); err != nil {
				t.Fatal(err)
			}
			if _, err := test.stop(l, vm); err != nil {
				t.Fatal(err)
			}
			if err := l.Finish("enough"); err != nil {
				t.Fatal(err)
			}
			if err := log.Close(); err != nil {
				t.Fatal(err)
			}
			load(t, path, testguest.Options{}, vm.Console()).verify(t)
		})
	}
}
