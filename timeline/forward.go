// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/replay"
)

// forward runs the machine until a count. next says at which count above the present
// one to stop on the way; there, and at the last, pause is called with the count at
// which the machine set out and the one at which it is. A breakpoint whose condition is
// false stops nothing. The machine's own end and the recording's are both StopEnd.
func (d *debug) forward(until uint64, next func(now uint64) uint64, pause func(from, at uint64) error) (Stop, error) {
	for {
		from := d.m.Moment().ICount
		at := min(until, next(from))
		d.pace.start()
		s, err := d.m.Run(at)
		d.pace.stop()
		switch {
		case replay.IsEnd(err):
			return StopEnd, nil
		case err != nil:
			return 0, err
		}
		switch s.Kind {
		case machine.StopBreakpoint:
			if d.deciding || d.holds() {
				return StopBreak, nil
			}
			d.m.Engine.SkipBreak()
			continue
		case machine.StopInterrupted:
			return StopInterrupted, nil
		case machine.StopEnd:
			return StopEnd, nil
		case machine.StopWatchpoint, machine.StopOutside:
			if _, d.hit = d.m.Engine.Hits(); s.Kind == machine.StopOutside {
				d.hit = d.outside.last
			}
			if d.m.Moment() == (machine.Moment{ICount: at}) {
				err = pause(from, at) // the state is what it is at the count
			}
			return StopWatch, err
		}
		if err := pause(from, at); err != nil {
			return 0, err
		}
		if at >= until {
			return StopArrived, nil
		}
	}
}
