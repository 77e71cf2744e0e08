// SPDX-License-Identifier: GPL-2.0-or-later

package serial

// Interrupt enable register (8.7).
const (
	ierRDA  = 1 << 0 // received data available, and receiver timeout
	ierTHRE = 1 << 1 // transmitter holding register empty
	ierRLS  = 1 << 2 // receiver line status
	ierMSI  = 1 << 3 // modem status
	ierMask = 0x0f
)

// Interrupt identification register (8.6, table IV).
const (
	iirMSI     = 0x00
	iirNone    = 0x01
	iirTHRE    = 0x02
	iirRDA     = 0x04
	iirRLS     = 0x06
	iirTimeout = 0x0c
	iirFIFO    = 0xc0 // FIFOs enabled
)

// FIFO control register (8.5).
const (
	fcrEnable  = 1 << 0
	fcrClearRX = 1 << 1
	fcrKept    = 0xc9 // enable, DMA mode and trigger level; the rest act at once
)

// Line control register (8.1).
const (
	lcrLength = 3 << 0 // 5..8 data bits
	lcrStop   = 1 << 2 // 2 stop bits; 1.5 for 5 data bits
	lcrParity = 1 << 3
	lcrDLAB   = 1 << 7 // ports 0 and 1 are the divisor
)

// Modem control register (8.8) and modem status register (8.9).
const (
	mcrDTR  = 1 << 0
	mcrRTS  = 1 << 1
	mcrOUT1 = 1 << 2
	mcrOUT2 = 1 << 3
	mcrLoop = 1 << 4
	mcrMask = 0x1f

	msrTERI   = 1 << 2 // trailing edge of RI
	msrDeltas = 0x0f
	msrCTS    = 1 << 4
	msrDSR    = 1 << 5
	msrRI     = 1 << 6
	msrDCD    = 1 << 7
)

// connected is what the other end of the cable drives, always.
const connected = msrCTS | msrDSR | msrDCD

// Line status register (8.4).
const (
	lsrDR     = 1 << 0
	lsrOE     = 1 << 1
	lsrErrors = 0x1e
	lsrTHRE   = 1 << 5
	lsrTEMT   = 1 << 6
)

func (u *UART) read(reg uint16) uint8 {
	dlab := u.s.LCR&lcrDLAB != 0
	switch {
	case reg == 0 && dlab:
		return uint8(u.s.Divisor)
	case reg == 1 && dlab:
		return uint8(u.s.Divisor >> 8)
	}
	switch reg {
	case 0:
		return u.receiverBuffer()
	case 1:
		return u.s.IER
	case 2:
		return u.identify()
	case 3:
		return u.s.LCR
	case 4:
		return u.s.MCR
	case 5:
		v := u.s.LSR | lsrTHRE | lsrTEMT
		if u.s.FIFOLen > 0 {
			v |= lsrDR
		}
		u.s.LSR = 0 // reading clears the errors
		u.update()
		return v
	case 6:
		v := u.s.MSR
		u.s.MSR &^= msrDeltas
		u.update()
		return v
	}
	return u.s.SCR
}

func (u *UART) write(reg uint16, v uint8) {
	dlab := u.s.LCR&lcrDLAB != 0
	switch {
	case reg == 0 && dlab:
		u.s.Divisor = u.s.Divisor&0xff00 | uint16(v)
		return
	case reg == 1 && dlab:
		u.s.Divisor = u.s.Divisor&0x00ff | uint16(v)<<8
		return
	}
	switch reg {
	case 0:
		u.transmit(v)
	case 1:
		// Enabling the interrupt while the transmitter is empty, which it always
		// is, asks for it anew; drivers probe for this.
		if v&^u.s.IER&ierTHRE != 0 {
			u.s.THRI = true
		}
		u.s.IER = v & ierMask
	case 2:
		u.fifoControl(v)
	case 3:
		u.s.LCR = v
	case 4:
		u.modemControl(v & mcrMask)
	case 7:
		u.s.SCR = v
	}
	u.update() // the status registers, 5 and 6, are read-only
}

// transmit sends one character. Its bits above the word length are sent too:
// only timing knows the word length, so that a guest which never programs the
// line control register is still readable.
func (u *UART) transmit(v uint8) {
	u.s.THRI = false
	u.update() // the holding register was full for an instant: INTR may fall
	if u.s.MCR&mcrLoop != 0 {
		u.receive(v)
	} else {
		u.cfg.Sink(v)
	}
	u.s.THRI = true
}

// fifoControl writes the FCR. Its other bits count only together with the
// enable bit, and a change of that bit clears the FIFOs.
func (u *UART) fifoControl(v uint8) {
	if v&fcrEnable == 0 {
		v = 0
	}
	toggled := (u.s.FCR^v)&fcrEnable != 0
	u.s.FCR = v & fcrKept
	if toggled || v&fcrClearRX != 0 {
		u.clearReceiver()
	}
}

// modemControl writes the MCR. In loopback its outputs are the modem inputs and
// the line is cut off from the receiver.
func (u *UART) modemControl(v uint8) {
	u.s.MCR = v
	inputs := uint8(connected)
	if v&mcrLoop != 0 {
		inputs = 0
		for _, w := range [...]struct{ out, in uint8 }{
			{mcrRTS, msrCTS}, {mcrDTR, msrDSR}, {mcrOUT1, msrRI}, {mcrOUT2, msrDCD},
		} {
			if v&w.out != 0 {
				inputs |= w.in
			}
		}
	}
	deltas := (u.s.MSR ^ inputs) >> 4
	if inputs&msrRI != 0 { // for RI only the end of a ring counts
		deltas &^= msrTERI
	}
	u.s.MSR = inputs | u.s.MSR&msrDeltas | deltas
	u.refill()
}

// interrupt returns the IIR's low four bits: the pending interrupt of highest
// priority among those enabled.
func (u *UART) interrupt() uint8 {
	s := &u.s
	switch {
	case s.IER&ierRLS != 0 && s.LSR&lsrErrors != 0:
		return iirRLS
	case s.IER&ierRDA != 0 && s.FIFOLen >= u.trigger():
		return iirRDA
	case s.IER&ierRDA != 0 && s.Timeout:
		return iirTimeout
	case s.IER&ierTHRE != 0 && s.THRI:
		return iirTHRE
	case s.IER&ierMSI != 0 && s.MSR&msrDeltas != 0:
		return iirMSI
	}
	return iirNone
}

// identify reads the IIR, which ends a transmitter interrupt it reports.
func (u *UART) identify() uint8 {
	v := u.interrupt()
	if v == iirTHRE {
		u.s.THRI = false
		u.update()
	}
	if u.fifoOn() {
		v |= iirFIFO
	}
	return v
}
