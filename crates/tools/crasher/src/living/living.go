// A Go program that lives until its input ends, and says where known bytes are, as living.c does.
package main

import "os"

var known [8192]byte

func hex(number uint64) string {
	const digits = "0123456789abcdef"
	text := ""
	for ; number > 0; number /= 16 {
		text = string(digits[number%16]) + text
	}
	return text
}

func main() {
	for i := range known {
		known[i] = byte(1 + 7*i + 13*(i/256))
	}
	stop := make(chan bool)
	for i := 0; i < 100; i++ {
		go func() { <-stop }()
	}
	println := func(text string) { os.Stdout.WriteString(text + "\n") }
	println("memory data " + hex(address(&known)) + " 2000 1")
	println("ready")
	one := make([]byte, 1)
	os.Stdin.Read(one)
	close(stop)
}
