// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import "fmt"

// Signals by gdb's numbers.
const (
	signalInterrupt = 2
	signalTrap      = 5
)

// stopAnswer is the answer to a resume. swbreak and hwbreak promise gdb that the
// PC is at the breakpoint and not behind it; they are sent only to a client that
// asked for them. A breakpoint that the client did not set itself is a plain trap.
func (s *session) stopAnswer(stop Stop) string {
	signal, why := signalTrap, ""
	switch stop.Reason {
	case StopBreak:
		kind, own := s.breakAt(stop.Addr)
		switch {
		case own && kind == BreakSoftware && s.swbreak:
			why = "swbreak:;"
		case own && kind == BreakHardware && s.hwbreak:
			why = "hwbreak:;"
		}
	case StopWatch:
		name := [...]string{WatchWrite: "watch", WatchRead: "rwatch", WatchAccess: "awatch"}
		if stop.Watch >= 0 && int(stop.Watch) < len(name) {
			why = fmt.Sprintf("%s:%x;", name[stop.Watch], stop.Addr)
		}
	case StopInterrupted:
		signal = signalInterrupt
	case StopHistoryBegin:
		why = "replaylog:begin;"
	case StopHistoryEnd, StopExited:
		why = "replaylog:end;"
	}
	return fmt.Sprintf("T%02xthread:%s;%s", signal, s.thread(), why)
}

// stopReason answers "?": why the machine stands still.
func (s *session) stopReason(string) string { return s.stopAnswer(s.lastStop) }
