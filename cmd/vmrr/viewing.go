// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"cmp"
	"context"
	"errors"
	"net"

	"github.com/vmrr/vmrr/frontend"
	"github.com/vmrr/vmrr/frontend/terminal"
	"github.com/vmrr/vmrr/monitor"
	"github.com/vmrr/vmrr/recordings"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/session"
	"github.com/vmrr/vmrr/timeline"
)

// viewing is a recording that is replayed for those who look on or debug.
type viewing struct {
	*recordings.Recording
	timeline *timeline.Timeline
	front    *frontend.Frontend
	table    kernelTable
	ln       net.Listener // for gdb; nil if it is not to come
	stopped  bool         // -S
	own      *ownGDB      // the gdb that comes there, not yet started; nil: whoever comes
}

// run replays to the end, and longer if somebody may want to go back from there.
func (v *viewing) run(ctx context.Context) error {
	running, leave := context.WithCancel(ctx)
	defer leave()
	quit := func() {
		v.front.Shutdown(frontend.CauseQuit)
		leave()
	}
	atEnd := func() bool { return !v.timeline.Machine().Moment().Before(v.timeline.End()) }
	kernel := guestKernel(v.table, v.timeline)
	s := session.New(running, session.Config{Machine: v.timeline, Stopped: v.stopped, Changed: v.front.Running, Runs: v.front.Runs, AtEnd: atEnd, Quit: quit,
		Files: files(kernel), Monitor: monitor.Monitor{Kernel: kernel, Mode: monitor.ModeReplay, Path: v.Dir.Path(), Start: v.StartTime(), Version: Version}})
	unwatched := func() bool { return !s.Debuggable() && !v.front.Wanted() }
	switch {
	case v.own != nil:
		s.ServeOwnGDB(v.ln)
	case v.ln != nil:
		s.ServeGDB(v.ln)
	}
	if err := v.front.Serve(context.Background(), frontend.Service{Do: s.Do, Command: s.Command, Monitor: s.Monitor, Quit: quit,
		HungUp: func() {
			if unwatched() {
				s.Reconsider(running)
			}
		},
		Stuck: s.Stranded, Unwatched: unwatched}); err != nil {
		return err
	}
	if v.own != nil {
		if err := v.own.start(ctx, s.InterruptGDB, quit); err != nil {
			return err
		}
	}
	// The end of history is a place to debug from, and so is where a replay diverged.
	var told error
	stay := func(err error) bool {
		switch {
		case unwatched():
			return false
		case err == nil && v.own != nil:
			return true
		case err == nil:
			terminal.Say("at the end of the recording; one can go back from here, Ctrl-C ends")
			return true
		}
		var e *replay.ErrDiverged
		if !errors.As(err, &e) {
			return false
		}
		if v.own == nil {
			terminal.Say("%v; one can look around and go back from here, Ctrl-C ends", err)
			told = cmp.Or(told, err)
		}
		return true
	}
	stop, err := s.Loop(running, stay)
	var left error // how gdb has gone
	if v.own != nil {
		leave() // gdb is told, if it is still there
		left = v.own.wait(ctx)
	}
	if err = cmp.Or(err, v.timeline.Diverged()); err != nil {
		if errors.Is(told, err) {
			err = terminal.Said(err)
		}
		return err
	}
	if errors.Is(left, errInterrupted) || v.own == nil && ctx.Err() != nil {
		v.front.Shutdown(frontend.CauseSignal)
		if v.own != nil || !atEnd() { // at the end a signal is how one leaves
			return errInterrupted
		}
	}
	v.front.Shutdown(frontend.CausePowerOff)
	if end := v.timeline.Player().End(); stop == timeline.StopEnd && end.CutOff != nil && v.LogDamage == nil {
		terminal.Say("the recording is cut off here: %v", end.CutOff)
	}
	return cmp.Or(v.LogDamage, left)
}
