// SPDX-License-Identifier: GPL-2.0-or-later

package frontend

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/vmrr/vmrr/chardev"
	"github.com/vmrr/vmrr/machine/pc"
)

// sends makes the guest send text to its first serial port, at offset.
func sends(out pc.Outputs, offset int, text string) {
	for i := range len(text) {
		out.Serial(0, uint64(offset+i), text[i])
	}
}

// openSerial opens a frontend whose first serial port is the device.
func openSerial(t *testing.T, device string) *Frontend {
	t.Helper()
	spec, err := chardev.Parse(device)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(t.Context(), Words{serial: [serialPorts]chardev.Spec{spec}})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// What a guest sends before anybody is served waits for the peer that was waited for,
// and for who opens the pseudo-terminal.
func TestFirstOutput(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	for _, c := range []struct {
		device string
		peer   func(f *Frontend) (io.ReadCloser, error)
	}{
		{"pty", func(f *Frontend) (io.ReadCloser, error) { return os.Open(f.opened[0].Name()) }},
		{"unix:" + socket + ",server=on", nil},
	} {
		var peer io.ReadCloser
		connected := make(chan bool)
		if c.peer == nil {
			go func() {
				defer close(connected)
				for ; peer == nil && t.Context().Err() == nil; time.Sleep(time.Millisecond) {
					if conn, err := net.Dial("unix", socket); err == nil {
						peer = conn
					}
				}
			}()
		}
		f := openSerial(t, c.device)
		if c.peer == nil {
			<-connected
		}
		sends(f.Outputs(), 0, "first")
		ctx, cancel := context.WithCancel(t.Context())
		f.leave = cancel
		f.serving.Go(func() {
			f.opened[0].Serve(ctx, func(ctx context.Context, conn io.ReadWriteCloser) { f.servePort(ctx, 0, conn) })
		})
		if c.peer != nil {
			var err error
			if peer, err = c.peer(f); err != nil {
				t.Fatal(err)
			}
		}
		got := make([]byte, 5)
		if _, err := io.ReadFull(peer, got); err != nil || string(got) != "first" {
			t.Errorf("%s: of the first output comes %q, error %v; want all", c.device, got, err)
		}
		peer.Close()
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A signal may come at any moment. (The race detector finds what is wrong here.)
func TestSignalWhileOpening(t *testing.T) {
	spec, err := chardev.Parse("file:" + filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, signal := context.WithCancel(t.Context())
	signal()
	f, err := Open(ctx, Words{serial: [serialPorts]chardev.Spec{spec}})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestOutputsAreShownOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	f := openSerial(t, "file:"+path)
	out := f.Outputs()
	sends(out, 0, "abc")
	sends(out, 1, "bcd") // the same instants again
	f.Hide()
	sends(out, 4, "efg")
	f.ShowFrom(func(unit int) uint64 { return []uint64{7, 0}[unit] })
	sends(out, 2, "cdefghi") // back, and past where it was hidden
	f.Show()
	sends(out, 5, "XY")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || !slices.Equal(got, []byte("abcdhiXY")) {
		t.Errorf("%q is shown, error %v; want %q", got, err, "abcdhiXY")
	}
}
