//go:build linux || darwin || freebsd || openbsd || netbsd || dragonfly

package listener_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/strata-net/strata/listener"
)

// Several addresses, one of them a unix socket that only its group may use.
func ExampleNew_addresses() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	l, err := listener.New(context.Background(), &listener.Config{
		Addresses: []string{"127.0.0.1:0", "unix://" + filepath.Join(folder, "x.sock")},
		UnixMode:  0o660,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	for _, a := range l.(listener.Listener).Addrs() {
		fmt.Println(a.Network(), filepath.Base(a.String()) == "x.sock")
	}
	// Output:
	// tcp false
	// unix true
}

// The process that is started listens on "systemd://web".
func ExamplePass() {
	l, err := listener.New(context.Background(), &listener.Config{Address: "127.0.0.1:0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	sockets, err := l.(listener.Listener).Files()
	if err != nil {
		fmt.Println(err)
		return
	}
	cmd := exec.Command("/bin/sh", "-c", `echo "$LISTEN_FDS socket, named $LISTEN_FDNAMES"`)
	if err := listener.Pass(cmd, listener.Named{Name: "web", Files: sockets}); err != nil {
		fmt.Println(err)
		return
	}
	out, err := cmd.Output()
	for _, f := range sockets {
		f.Close()
	}
	fmt.Printf("%s%v", out, err)
	// Output:
	// 1 socket, named web
	// <nil>
}

func ExampleCredentials() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	l, err := listener.New(context.Background(), &listener.Config{Address: "unix://" + filepath.Join(folder, "x.sock")})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	client, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	conn, err := l.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	cred, err := listener.Credentials(conn)
	if err != nil {
		fmt.Println(err)
		return
	}
	if cred.UID != uint32(os.Geteuid()) {
		io.WriteString(conn, "this is not for you\n")
		return
	}
	fmt.Println("the client is of the same user")
	// Output: the client is of the same user
}
