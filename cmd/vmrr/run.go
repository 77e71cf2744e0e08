// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/machine/pc"
	"github.com/vmrr/vmrr/monitor"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/timeline"
)

// guestExit ends vmrr with the code that the guest gave to the exit device.
type guestExit struct{ code int }

func (e *guestExit) Error() string {
	return fmt.Sprintf("the guest ended the run with exit code %d", e.code)
}

// run is `vmrr run`.
func run(ctx context.Context, args []string) error {
	var (
		opts  machineOptions
		debug debugOptions
	)
	f := newFlags("run", "[machine options]", "Runs a machine without a recording.")
	opts.add(f)
	debug.add(f)
	if _, err := parse(f, args, 0); err != nil {
		return err
	}
	cfg, ic, err := opts.config()
	if err != nil {
		return err
	}
	ln, err := debug.listen(ctx)
	if err != nil {
		return err
	}
	clock, err := hostClock(opts.rtc)
	if err != nil {
		return err
	}
	live := replay.NewLive(clock, hostEntropy(opts.seed), ic.sleep)
	defer live.Close()
	l := liveRun{cfg: cfg, live: live, door: live, ln: ln, stopped: debug.stopped, mode: monitor.ModeLive}
	return l.run(ctx)
}

// liveRun is a machine that runs now, with the terminal as its console.
type liveRun struct {
	cfg     pc.Config
	live    *replay.Live
	door    machine.Inputs // live, or the recorder before it
	rec     *replay.Recorder
	keep    func(*timeline.Live) error // done once the machine is on; may be nil
	persist persister
	ln      net.Listener
	stopped bool
	mode    monitor.Mode
	path    string
}

func (r *liveRun) run(ctx context.Context) (err error) {
	con, err := newConsole(true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, con.close()) }()
	m, board, err := pc.New(r.cfg, openEngine, r.door, con.outputs())
	if err != nil {
		return err
	}
	defer board.Close()
	r.live.OnPush(m.Engine.RequestStop)
	if r.rec != nil {
		r.rec.Clock = m.Clock.Now
	}
	session, err := timeline.NewLive(m, r.rec, r.persist)
	if err != nil {
		return err
	}
	if r.keep != nil {
		if err := r.keep(session); err != nil {
			return err
		}
	}
	t := newThread(session, !r.stopped)
	// A signal ends the run as the operator would, through the door.
	defer context.AfterFunc(ctx, func() {
		r.live.Push(machine.Input{Kind: machine.InputEnd})
		t.setRunning(true)
	})()
	go con.read(os.Stdin, r.live.Push, func() (n int) {
		if t.do(context.Background(), func() { n = board.SerialRoom(0) }) != nil {
			n = chunk * 2
		}
		return n
	})
	stay := func() bool { return false }
	if r.ln != nil {
		served, leave := context.WithCancel(context.Background())
		defer leave()
		d := &debugger{thread: t, ln: r.ln, leave: func() { r.live.Push(machine.Input{Kind: machine.InputEnd}); t.setRunning(true) }}
		mon := &monitor.Monitor{Session: session, Mode: r.mode, Path: r.path, Operator: r.live, Start: time.Now().Unix()}
		d.serve(served, &target{debuggee: session, monitor: mon, debugger: d})
		stay = func() bool { return d.attached.Load() && ctx.Err() == nil }
	}
	if _, err := t.loop(context.Background(), stay); err != nil {
		return err
	}
	if err := session.Finish(m.End().String()); err != nil {
		return err
	}
	switch end := m.End(); {
	case ctx.Err() != nil:
		return errInterrupted
	case end.Kind == machine.EndExit:
		return &guestExit{end.Code}
	}
	return nil
}
