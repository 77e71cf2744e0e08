package pc_test
import ("testing";"time";"github.com/vmrr/vmrr/internal/testguest")
func TestZZ(t *testing.T){
 for _, mb := range []uint64{96,24,12,8,6} {
  o:=testguest.Options{CodeCache: mb<<20}
  vm:=testguest.Boot(t,o); t0:=time.Now(); e:=vm.Finish(t)
  t.Logf("%d MB: %v %v %+v", mb, e, time.Since(t0), vm.Unicorn.Stats())
 }
}
