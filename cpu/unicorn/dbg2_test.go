package unicorn
import ("testing";"os";"bytes")
func TestBisect(t *testing.T) {
  for _, mg := range microGuests {
	if mg.name != os.Getenv("G") { continue }
	g := mg.open(t)
	end := g.finish()
	g.rewind()
	want := make([]uint64, end+1)
	pcs := make([]uint64, end+1)
	for k := uint64(1); k <= end; k++ { g.runTo(k); want[k] = g.hash(); pcs[k] = g.PC() }
	lo, hi := uint64(0), end
	for lo+1 < hi {
		m := (lo+hi)/2
		g.rewind(); g.runTo(m)
		if g.hash() == want[m] { lo = m } else { hi = m }
	}
	t.Logf("first diff at %d, pc %s (before %s)", hi, g.where(pcs[hi]), g.where(pcs[lo]))
	g.rewind(); g.runTo(hi); a := g.State(); ra := bytes.Clone(g.ram); la := len(g.board.log)
	g.rewind(); for k := uint64(1); k <= hi; k++ { g.runTo(k) }
	b := g.State()
	t.Logf("one run %+v", *a); t.Logf("steps   %+v", *b)
	t.Logf("logs %d %d", la, len(g.board.log))
	for i := range ra { if ra[i] != g.ram[i] { t.Logf("ram %#x: one run %#x steps %#x", i, ra[i], g.ram[i]) } }
  }
}
