// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/vmrr/vmrr/frontend"
	"github.com/vmrr/vmrr/frontend/terminal"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/machine/pc"
	"github.com/vmrr/vmrr/monitor"
	"github.com/vmrr/vmrr/recordings"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/session"
	"github.com/vmrr/vmrr/timeline"
)

// guestExit ends vmrr with the code that the guest gave to the exit device.
type guestExit struct{ code int }

func (e *guestExit) Error() string {
	return fmt.Sprintf("the guest ended the run with exit code %d", e.code)
}

// liveRun is a machine that runs now.
type liveRun struct {
	cfg     pc.Config
	policy  timeline.Policy
	words   frontend.Words
	ln      net.Listener // for gdb; nil if it is not to come
	stopped bool         // -S
	live    *replay.Live
	to      *recordings.Maker // nil: it is not recorded
	clock   func() time.Time  // the host's, as the guest is to see it
	start   int64             // the guest's wall clock at power-on, s since 1970

	front   *frontend.Frontend
	machine *machine.Machine
	board   *pc.PC
	session *timeline.Live
}

// powerOn builds a machine and switches it on. If that fails nothing stays of its
// recording, which has not begun yet.
func (r *liveRun) powerOn() (err error) {
	door, rec := machine.Inputs(r.live), (*timeline.Recording)(nil)
	if r.to != nil {
		if rec, err = r.to.Begin(); err != nil {
			return err
		}
		door = rec
	}
	if r.machine, r.board, err = pc.New(r.cfg, openEngine, door, r.front.Outputs()); err == nil {
		err = r.begin(timeline.LiveConfig{Recording: rec})
	}
	if err != nil && rec != nil {
		err = also(err, rec.Abandon())
	}
	return err
}

// begin makes the machine a live one.
func (r *liveRun) begin(cfg timeline.LiveConfig) (err error) {
	cfg.Machine, cfg.Policy = r.machine, r.policy
	r.live.OnPush(r.machine.Engine.RequestStop)
	r.session, err = timeline.NewLive(cfg)
	return err
}

// run runs the machine to its end, and ends its recording.
func (r *liveRun) run(ctx context.Context) error {
	err := r.serve(ctx)
	if r.to == nil {
		return err
	}
	err = also(err, r.session.Recording().Close())
	var ended *guestExit
	if err == nil || errors.Is(err, errInterrupted) || errors.As(err, &ended) {
		terminal.Say("recorded in %s", r.to.Dir().Path())
	} else {
		terminal.Say("what was recorded before the error is in %s", r.to.Dir().Path())
	}
	return err
}

// serve lets everybody at the machine until it has ended.
func (r *liveRun) serve(ctx context.Context) error {
	var s *session.Session
	end := func(why frontend.Cause) {
		r.front.Shutdown(why)
		r.live.Push(machine.Input{Kind: machine.InputEnd})
		s.Leave()
	}
	serving, leave := context.WithCancel(context.Background())
	defer leave()
	quit := func() { end(frontend.CauseQuit) }
	operator, shown := r.front.Operator(r.live), liveMachine{r.session, r.front}
	kernel := guestKernel(newKernelTable(r.cfg.Kernel), shown)
	s = session.New(serving, session.Config{Machine: shown, Stopped: r.stopped, Changed: r.front.Running, Runs: r.front.Runs, Quit: quit,
		AtEnd:   func() bool { return r.machine.End().Kind != machine.EndNone },
		Files:   files(kernel),
		Monitor: monitor.Monitor{Kernel: kernel, Operator: operator, Start: r.start, Version: Version}})
	if r.to != nil {
		s.Monitor.Mode, s.Monitor.Path = monitor.ModeRecord, r.to.Dir().Path()
		r.to.Forked = func(from, to *replay.Dir, snapshot string) {
			terminal.Say("the recording in %s ends here; what follows from snapshot %q on is recorded in %s", from.Path(), snapshot, to.Path())
			s.Monitor.Path = to.Path()
		}
		defer snapshotOnSignal(s, shown)()
	}
	if r.ln != nil {
		s.ServeGDB(r.ln)
	}
	err := r.front.Serve(serving, frontend.Service{Do: s.Do, Command: s.Command, Monitor: s.Monitor, Quit: quit,
		Stuck: s.Stranded, Push: operator.Push, Room: func(unit int) int { return r.board.SerialRoom(unit) - r.live.Queued(uint8(unit)) }})
	if err != nil {
		return err
	}
	// A signal ends the run as the operator would, through the door.
	defer context.AfterFunc(ctx, func() { end(frontend.CauseSignal) })()
	stay := func(failed error) bool { return failed == nil && s.Debugged() && !s.Leaving() }
	if _, err := s.Loop(context.Background(), stay); err != nil {
		return err
	}
	if r.machine.End().Kind == machine.EndReset {
		r.front.Shutdown(frontend.CauseReset)
	} else {
		r.front.Shutdown(frontend.CausePowerOff)
	}
	if err := r.session.Finish(r.machine.End().String()); err != nil {
		return err
	}
	switch end := r.machine.End(); {
	case ctx.Err() != nil:
		return errInterrupted
	case end.Kind == machine.EndExit:
		return &guestExit{end.Code}
	}
	return nil
}

// liveMachine is a live machine with a frontend, which shows what is sent to it.
type liveMachine struct {
	*timeline.Live
	front *frontend.Frontend
}

// LoadSnapshot goes on from a snapshot: what the guest sends then is new.
func (s liveMachine) LoadSnapshot(ctx context.Context, name string) error {
	err := s.Live.LoadSnapshot(ctx, name)
	s.front.Show()
	return err
}

// snapshotOnSignal saves a snapshot whenever SIGUSR2 comes, until the function that
// it returns is called.
func snapshotOnSignal(s *session.Session, m liveMachine) (stop func()) {
	signals, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, syscall.SIGUSR2)
	go func() {
		for {
			select {
			case <-done:
				return
			case <-signals:
			}
			s.Do(context.Background(), func() {
				name := fmt.Sprintf("usr2-%d", m.Machine().Moment().ICount)
				if err := m.SaveSnapshot(name); err != nil {
					terminal.Say("%v", err)
					return
				}
				terminal.Say("snapshot %s", name)
			})
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
	}
}
