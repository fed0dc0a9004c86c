package settings

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// asNobody runs f without root's right to read every file. Who is not root
// has none.
func asNobody(f func()) {
	const nobody = 65534
	if os.Geteuid() == 0 {
		runtime.LockOSThread() // the kernel keeps it for each thread
		defer runtime.UnlockOSThread()
		_, _ = unix.SetfsuidRetUid(nobody)
		defer unix.Setfsuid(0)
	}
	f()
}

// makePair writes a self-signed certificate and its key.
func makePair(t *testing.T, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: cert}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
