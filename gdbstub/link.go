// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"
)

const (
	// queueLength is how many packets may wait for an answer. A client that
	// sends more is not read until some are answered.
	queueLength = 64
	// maxResends is how often one packet is sent again because the client
	// says that it arrived damaged.
	maxResends = 8
	// writeTimeout ends the connection of a client that takes nothing.
	writeTimeout = 30 * time.Second
)

// inbound is a packet from the client. Packets are numbered from 1.
type inbound struct {
	seq     uint64
	data    []byte
	refused bool // the packet was too long or wrongly escaped; data is nil
}

// link is one client's connection. A goroutine runs read, which acknowledges and
// queues the packets; another takes them from the queue and answers with send.
type link struct {
	conn  io.ReadWriteCloser
	log   *slog.Logger
	queue chan inbound // closed when the client is gone
	ctx   context.Context
	leave context.CancelFunc // cancels ctx, and with it what is running

	write   sync.Mutex // guards the three below and what is written to conn
	noAck   bool
	last    []byte // the frame that '-' asks for
	resends int

	run         sync.Mutex // guards what follows
	received    uint64     // number of the last packet
	interrupted uint64     // number of the last packet before the last 0x03
	cancel      context.CancelFunc
	command     bool // what cancel is for is a monitor command
	stepped     bool // the last resume was a step that came to its end: another may follow
	kept        bool // 0x03 came too late for it, and is for the next
}

func newLink(ctx context.Context, conn io.ReadWriteCloser, log *slog.Logger) *link {
	l := &link{conn: conn, log: log, queue: make(chan inbound, queueLength)}
	l.ctx, l.leave = context.WithCancel(ctx)
	return l
}

// read handles everything the client sends until it is gone or the link closed.
func (l *link) read() {
	defer close(l.queue)
	defer l.leave()
	packets := newPacketReader(l.conn)
	for {
		event, data, err := packets.next()
		if err != nil {
			l.log.Debug("gdb connection ended", "cause", err)
			return
		}
		if err := l.handle(event, data); err != nil {
			if l.ctx.Err() == nil { // else we have closed it
				l.log.Warn("gdb connection lost", "error", err)
			}
			return
		}
	}
}

func (l *link) handle(event event, data []byte) error {
	switch event {
	case eventInterrupt:
		l.interrupt()
		return nil
	case eventAck:
		return nil
	case eventNak:
		return l.resend()
	case eventBadChecksum:
		acks, err := l.acknowledge('-')
		if err != nil || acks {
			return err
		}
		return l.enqueue(inbound{refused: true})
	case eventRefused:
		if _, err := l.acknowledge('+'); err != nil {
			return err
		}
		return l.enqueue(inbound{refused: true})
	}
	if _, err := l.acknowledge('+'); err != nil {
		return err
	}
	return l.enqueue(inbound{data: data})
}

func (l *link) enqueue(in inbound) error {
	l.run.Lock()
	l.received++
	in.seq = l.received
	l.run.Unlock()
	select {
	case l.queue <- in:
		return nil
	case <-l.ctx.Done():
		return l.ctx.Err()
	}
}

// interrupt cancels what is running, and what the packets received so far are
// yet to start. An interrupt while nothing is to run has no effect, but between two of the
// many steps that gdb makes to get somewhere it is for the next one.
func (l *link) interrupt() {
	l.run.Lock()
	defer l.run.Unlock()
	l.interrupted = l.received
	l.kept = l.stepped || l.cancel != nil
	if l.cancel != nil {
		l.cancel()
	}
}

// interruptCommand cancels a monitor command that is running.
func (l *link) interruptCommand() {
	l.run.Lock()
	defer l.run.Unlock()
	if l.command {
		l.cancel()
	}
}

// begin returns the context for executing a packet. It is cancelled by an interrupt,
// already if one came since the packet, or by the client's departure.
func (l *link) begin(in inbound) context.Context {
	l.run.Lock()
	defer l.run.Unlock()
	ctx, cancel := context.WithCancel(l.ctx)
	l.cancel, l.command = cancel, bytes.HasPrefix(in.data, []byte(monitorPacket)) || bytes.HasPrefix(in.data, []byte(rrPacket))
	if resumes(in.data) {
		if l.kept {
			cancel()
		}
		l.kept = false
	}
	if l.interrupted >= in.seq {
		cancel()
	}
	return ctx
}

// resumes reports whether a packet lets the machine run.
func resumes(packet []byte) bool {
	switch {
	case len(packet) == 0:
		return false
	case bytes.HasPrefix(packet, []byte("vCont;")), string(packet) == "bc", string(packet) == "bs":
		return true
	}
	return strings.IndexByte("cCsS", packet[0]) >= 0
}

// end releases the context of begin. stepped says that the last resume was a step that
// came to its end.
func (l *link) end(stepped bool) {
	l.run.Lock()
	defer l.run.Unlock()
	l.cancel()
	l.cancel, l.command, l.stepped = nil, false, stepped
	l.kept = l.kept && stepped
}

// acknowledge sends '+' or '-' if the client wants to have it.
func (l *link) acknowledge(c byte) (acks bool, err error) {
	l.write.Lock()
	defer l.write.Unlock()
	if l.noAck {
		return false, nil
	}
	return true, l.put([]byte{c})
}

// stopAcks is called before the answer to QStartNoAckMode is sent.
func (l *link) stopAcks() {
	l.write.Lock()
	defer l.write.Unlock()
	l.noAck = true
}

// send sends data as a packet. It does not wait for the acknowledgement.
func (l *link) send(data []byte) error {
	l.write.Lock()
	defer l.write.Unlock()
	l.last, l.resends = frame(data), 0
	return l.put(l.last)
}

func (l *link) resend() error {
	l.write.Lock()
	defer l.write.Unlock()
	if l.noAck || l.last == nil {
		return nil
	}
	if l.resends++; l.resends > maxResends {
		return fmt.Errorf("client refused the same packet %d times", l.resends)
	}
	return l.put(l.last)
}

// put writes with l.write held.
func (l *link) put(b []byte) error {
	if d, ok := l.conn.(interface{ SetWriteDeadline(time.Time) error }); ok {
		d.SetWriteDeadline(time.Now().Add(writeTimeout))
	}
	_, err := l.conn.Write(b)
	if err != nil {
		return fmt.Errorf("writing to gdb: %w", err)
	}
	return nil
}

// close ends the connection; read returns soon.
func (l *link) close() {
	l.leave()
	l.conn.Close()
}
