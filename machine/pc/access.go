// SPDX-License-Identifier: GPL-2.0-or-later

package pc

// What the CPU reaches: cpu.Board.

// PortIn implements cpu.Board.
func (p *PC) PortIn(port uint16, size int) uint32 { return p.ports.In(port, size) }

// PortOut implements cpu.Board.
func (p *PC) PortOut(port uint16, size int, value uint32) { p.ports.Out(port, size, value) }

// MMIORead implements cpu.Board.
func (p *PC) MMIORead(pa uint64, size int) uint64 { return p.mmio.Read(pa, size) }

// MMIOWrite implements cpu.Board.
func (p *PC) MMIOWrite(pa uint64, size int, value uint64) { p.mmio.Write(pa, size, value) }

// AckInterrupt implements cpu.Board.
func (p *PC) AckInterrupt() uint8 { return p.local.Ack() }

// TaskPriority implements cpu.Board.
func (p *PC) TaskPriority() uint8 { return p.local.TaskPriority() }

// SetTaskPriority implements cpu.Board.
func (p *PC) SetTaskPriority(v uint8) { p.local.SetTaskPriority(v) }

// ReadMSR implements cpu.Board.
func (p *PC) ReadMSR(index uint32) (uint64, bool) { return p.local.ReadMSR(index) }

// WriteMSR implements cpu.Board.
func (p *PC) WriteMSR(index uint32, value uint64) bool { return p.local.WriteMSR(index, value) }
