// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/vmrr/vmrr/cpu"
)

// session executes one client's packets. All but serve runs inside the Runner.
type session struct {
	target Target
	out    outlet
	log    *slog.Logger

	// The optional interfaces that the target has; nil otherwise.
	reverser        Reverser
	ranger          RangeStepper
	commander       Commander
	watcher         Watcher
	physicalWatcher PhysicalWatcher
	conditioner     Conditioner
	physical        PhysicalMemory
	mapper          MemoryMapper
	attacher        Attacher
	narrower        Narrower
	keeper          FileKeeper

	description *cpu.Description
	registers   []*cpu.Register // by gdb's number
	view        view            // what the client takes them for
	pc          *cpu.Register   // nil if the description names none

	// What the client announced in qSupported.
	multiprocess, swbreak, hwbreak bool

	points       map[point]inserted // what is inserted for the client
	physicalMode bool               // m, M, X and watchpoints mean physical addresses
	lastStop     Stop
	stepped      bool   // the last resume was a step that came to its end
	refreshes    bool   // the client has GDBInit: it asks whether the machine moved, and reads the description again
	untold       string // why the last write to memory was refused, if the user was not told yet
	moved        bool   // a monitor command moved the machine since the client asked or resumed it

	ctx       context.Context // of the packet being executed
	mute      bool            // the packet being executed has no answer
	over      bool            // the session ends after this packet's answer
	departure Departure

	files map[uint64][]byte // open for the client, by descriptor
}

// outlet is what a session needs of the link.
type outlet interface {
	send(data []byte) error
	stopAcks()
}

func newSession(t Target, out outlet, log *slog.Logger) *session {
	s := &session{target: t, out: out, log: log, points: map[point]inserted{}, files: map[uint64][]byte{}, ctx: context.Background()}
	s.reverser, _ = t.(Reverser)
	s.ranger, _ = t.(RangeStepper)
	s.commander, _ = t.(Commander)
	s.watcher, _ = t.(Watcher)
	s.physicalWatcher, _ = t.(PhysicalWatcher)
	s.conditioner, _ = t.(Conditioner)
	s.physical, _ = t.(PhysicalMemory)
	s.mapper, _ = t.(MemoryMapper)
	s.attacher, _ = t.(Attacher)
	s.narrower, _ = t.(Narrower)
	s.keeper, _ = t.(FileKeeper)
	s.description = t.Description()
	s.registers = s.description.All()
	s.view = newView(s.description, s.registers)
	for _, r := range s.registers {
		if r.Type == "code_ptr" {
			s.pc = r
			break
		}
	}
	return s
}

// serve answers the link's packets until the client leaves.
func (s *session) serve(l *link, do Runner) {
	for in := range l.queue {
		ctx := l.begin(in)
		var answer string
		// An interrupt cancels ctx, and the packet is still executed and
		// answered. Only a client that has gone needs no more execution.
		err := do(l.ctx, func() { answer = s.execute(ctx, in) })
		l.end(s.stepped)
		if err != nil {
			s.log.Debug("gdb packet not executed", "cause", err)
			return
		}
		if !s.mute {
			if err := l.send([]byte(answer)); err != nil {
				s.log.Debug("gdb answer not sent", "cause", err)
				return
			}
		}
		if s.over {
			return
		}
	}
}

// execute returns the answer to a packet.
func (s *session) execute(ctx context.Context, in inbound) string {
	s.ctx, s.mute = ctx, false
	if in.refused {
		return errInvalid
	}
	answer := s.dispatch(string(in.data))
	if len(answer) > maxPacket {
		s.log.Error("gdb answer too long", "packet", clip(string(in.data)), "length", len(answer))
		return errInvalid
	}
	return answer
}

// finish undoes what the client left in the target.
func (s *session) finish() {
	s.removeAllPoints()
	if s.attacher != nil {
		s.attacher.Detached(s.departure)
	}
}

// The errors with a number are Unix's: EPERM, EFAULT, EINVAL, ENOSPC.
const (
	errRefused = "E01"
	errFault   = "E14"
	errInvalid = "E22"
	errFull    = "E28"
)

// unsupported is the answer to a packet that the stub does not know.
const unsupported = ""

// failure returns an error answer with a text, which gdb shows. It is for packets whose
// answer gdb does not decode as data.
func (s *session) failure(doing string, err error) string {
	s.log.Debug(doing+" for gdb failed", "error", err)
	text := fmt.Sprintf("%s: %v", doing, err)
	return "E." + strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || mustEscape(byte(r)) {
			return '?'
		}
		return r
	}, text[:min(len(text), 400)])
}

// clip shortens a packet for the log.
func clip(packet string) string {
	if len(packet) > 60 {
		return fmt.Sprintf("%q...", packet[:60])
	}
	return fmt.Sprintf("%q", packet)
}
