// SPDX-License-Identifier: GPL-2.0-or-later

// Package machine runs a whole machine: the loop that hands the CPU its budget
// of instructions, fires the timers that come due, takes the inputs that arrive
// through the door, and lets the clock jump while the CPU is halted.
//
// Everything here is a function of the machine's state and of what comes through
// Inputs. README.md draws the loop.
package machine

import (
	"fmt"
	"sync/atomic"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/icount"
)

// Config is what a machine is put together from.
type Config struct {
	Engine   cpu.Engine
	Board    Board
	Clock    *icount.Clock // its count must be Engine.ICount
	RAM      *RAM
	Inputs   Inputs
	NoReboot bool // a reset ends the run
}

// Machine is a CPU, a board and a door. All methods but Interrupt are called on
// the engine's thread.
type Machine struct {
	Config
	sub     uint32 // of the present Moment, if subAt is the present count
	subAt   uint64
	event   Event // raised by the board during the present instruction
	end     End
	running bool
	until   uint64
	// between says that the machine stopped between the delivery of an interrupt
	// or fault and the handler's first instruction: no input may come in here,
	// as an undisturbed run would not stop here to take it.
	between     bool
	interrupted atomic.Bool
	ram         ramHash
	outside     outside
	onOutside   func(OutsideWrite) bool
}

// New makes a machine that is switched off; PowerOn starts it.
func New(cfg Config) *Machine {
	m := &Machine{Config: cfg}
	cfg.RAM.Invalidate, cfg.RAM.Written = cfg.Engine.Invalidate, m.written
	cfg.Clock.OnChange(func() {
		if m.running {
			m.Engine.SetLimit(m.budget())
		}
	})
	return m
}

// PowerOn switches the machine on at icount 0. What the board asks of the outside
// is asked now.
func (m *Machine) PowerOn() error {
	m.Engine.SetICount(0)
	m.Clock.SetWarp(0)
	m.syncClock()
	m.outside.none = true
	err := m.Board.PowerOn(false, m.ask)
	m.outside.none = false
	if err != nil {
		return fmt.Errorf("switching the machine on: %w", err)
	}
	return nil
}

func (m *Machine) ask(q Query) (int64, error) { return m.Inputs.Ask(m.Moment(), q) }

// Moment returns where in its run the machine is.
func (m *Machine) Moment() Moment {
	n := m.Engine.ICount()
	if n != m.subAt {
		return Moment{ICount: n}
	}
	return Moment{n, m.sub}
}

// advance ends the present Moment without an instruction.
func (m *Machine) advance() {
	at := m.Moment()
	m.subAt, m.sub = at.ICount, at.Sub+1
}

// End returns how the run ended; its Kind is EndNone while it has not.
func (m *Machine) End() End { return m.end }

// Raise is called by the board when the guest does something that ends or
// restarts the run. It takes effect after the present instruction; the first of
// an instruction wins.
func (m *Machine) Raise(e Event) {
	if m.event.Kind == EventNone {
		m.event = e
	}
	if m.running {
		m.Engine.SetLimit(0)
	}
}

// Interrupt makes the Run in progress, or the next one, return StopInterrupted at
// the next opportunity. It may be called from any thread.
func (m *Machine) Interrupt() {
	m.interrupted.Store(true)
	m.Engine.RequestStop()
	if w, ok := m.Inputs.(Waker); ok {
		w.Interrupt()
	}
}

// ClearInterrupt forgets an Interrupt that no Run has seen.
func (m *Machine) ClearInterrupt() { m.interrupted.Store(false) }

// Run runs until the instruction count is until, or something else stops the
// machine. At the target the machine is in the canonical state {until, 0}: timers
// due by then have fired, and nothing else has happened. With until not above the
// present count nothing but due timers happens.
func (m *Machine) Run(until uint64) (Stop, error) {
	m.until = until
	// What was written while the machine stood still stops nothing, nor does what a Run
	// wanted to stop at that came to an error.
	m.outside.stop = false
	for {
		m.Clock.RunDue()
		if stop, done, err := m.settle(until); done || err != nil {
			return stop, err
		}
		if m.Engine.Halted() && !m.Engine.Interruptible() {
			if err := m.idle(); err != nil {
				return Stop{}, err
			}
			continue
		}
		before := m.Engine.ICount()
		m.running = true
		why, err := m.Engine.Run(m.budget())
		m.running = false
		if err != nil {
			return Stop{}, err
		}
		if m.Engine.ICount() != before {
			m.between = false
		}
		switch why {
		case cpu.StopBreak:
			if m.Engine.Delivered() && !m.between {
				m.between = true
				m.advance()
			}
			return Stop{Kind: StopBreakpoint}, nil
		case cpu.StopWatch:
			// The instruction has retired: the state is that at its count.
			m.Clock.RunDue()
			return Stop{Kind: StopWatchpoint}, nil
		case cpu.StopReset:
			// Not an instruction did this, but the fault in the delivery of a fault.
			m.advance()
			m.Raise(Event{Kind: EventReset})
		}
	}
}

// settle does what is to be done at the present boundary before the CPU runs.
func (m *Machine) settle(until uint64) (stop Stop, done bool, err error) {
	if err := m.handleEvent(); err != nil {
		return Stop{}, true, err
	}
	switch {
	case m.end.Kind != EndNone:
		return Stop{Kind: StopEnd, End: m.end}, true, nil
	case m.stopsOutside():
		return Stop{Kind: StopOutside}, true, nil
	case m.Engine.ICount() >= until:
		return Stop{Kind: StopTarget}, true, nil
	case m.interrupted.Swap(false):
		return Stop{Kind: StopInterrupted}, true, nil
	}
	for !m.between {
		in, ok, err := m.Inputs.Take(m.Moment())
		if err != nil {
			return Stop{}, true, fmt.Errorf("taking the inputs at %v: %w", m.Moment(), err)
		}
		if !ok {
			return Stop{}, false, nil
		}
		if err := m.deliver(in); err != nil {
			return Stop{}, true, err
		}
		m.advance()
		if m.end.Kind != EndNone {
			return Stop{Kind: StopEnd, End: m.end}, true, nil
		}
		if err := m.handleEvent(); err != nil {
			return Stop{}, true, err
		}
		if m.stopsOutside() {
			return Stop{Kind: StopOutside}, true, nil
		}
	}
	return Stop{}, false, nil
}

func (m *Machine) deliver(in Input) error {
	switch in.Kind {
	case InputEnd:
		m.end = End{Kind: EndOperator}
		return nil
	case InputReset:
		m.Raise(Event{Kind: EventReset})
		return nil
	case InputMemory, InputRegister:
		return m.change(in)
	}
	if err := m.Board.Deliver(in); err != nil {
		return fmt.Errorf("delivering a %v input at %v: %w", in.Kind, m.Moment(), err)
	}
	return nil
}

func (m *Machine) handleEvent() error {
	e := m.event
	m.event = Event{}
	switch e.Kind {
	case EventPowerOff:
		m.end = End{Kind: EndPowerOff}
	case EventExit:
		m.end = End{Kind: EndExit, Code: e.Code}
	case EventReset:
		if m.NoReboot {
			m.end = End{Kind: EndReset}
			return nil
		}
		at := m.Moment()
		err := m.by("the reset", m.lastWithout(), func() error { return m.Board.PowerOn(true, m.ask) })
		if err != nil {
			return fmt.Errorf("resetting the machine at %v: %w", at, err)
		}
	}
	return nil
}

// idle lets time pass while the CPU is halted.
func (m *Machine) idle() error {
	now, deadline := m.Clock.Now(), uint64(NoDeadline)
	// With interrupts off only an NMI or a reset can wake the CPU. A guest that
	// halts so for good must not make the clock jump from timer to timer for
	// ever, so a timer that is wired to raise an NMI is given up here.
	if m.Engine.InterruptsEnabled() {
		if d, ok := m.Clock.NextDeadline(); ok {
			deadline = d
		}
	}
	to, err := m.Inputs.Idle(m.Moment(), now, deadline)
	if err != nil {
		return fmt.Errorf("waiting in a halted machine at %v: %w", m.Moment(), err)
	}
	if to > now {
		m.Clock.WarpTo(to)
		m.syncClock()
		m.advance()
	}
	return nil
}

// budget returns the count up to which the CPU may run undisturbed.
func (m *Machine) budget() uint64 {
	limit := m.until
	if m.event.Kind != EventNone || m.outside.stop {
		return 0
	}
	if d, ok := m.Clock.NextDeadline(); ok {
		limit = min(limit, m.Clock.ICountAt(d))
	}
	return min(limit, m.Inputs.Horizon(m.Moment()))
}

func (m *Machine) syncClock() { m.Engine.SetClock(m.Clock.Shift(), m.Clock.Warp()) }
