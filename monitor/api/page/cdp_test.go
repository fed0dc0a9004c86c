//go:build browser

package page_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long the browser may take for anything. It is a limit, no
// expectation.
const patience = 60 * time.Second

// browser is a headless Chromium, spoken to in the DevTools protocol over a
// pair of pipes: messages are JSON, each ended by a zero byte.
type browser struct {
	to      io.WriteCloser
	mu      sync.Mutex // guards everything that follows
	next    int
	waiting map[int]chan answer
	tabs    map[string]*tab // by session
	gone    error
}

type answer struct {
	result json.RawMessage
	err    error
}

// message is what comes from the browser: an answer or an event.
type message struct {
	ID        int             `json:"id"`
	SessionID string          `json:"sessionId"`
	Method    string          `json:"method"`
	Params    json.RawMessage `json:"params"`
	Result    json.RawMessage `json:"result"`
	Error     *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// startBrowser starts Chromium with a profile of its own, which knows no
// other host than this one.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	name := os.Getenv("CHROMIUM")
	if name == "" {
		name = "chromium"
	}
	program, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("no browser: %v (make browser installs it)", err)
	}
	theirIn, ourOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ourIn, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
		"--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--disable-default-apps", "--disable-extensions", "--mute-audio", "--lang=en-GB", "--force-color-profile=srgb",
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--user-data-dir="+t.TempDir(), "about:blank")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	cmd.Env = append(os.Environ(), "TZ=UTC", "LANG=C.UTF-8")
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	theirIn.Close()
	theirOut.Close()
	b := &browser{to: ourOut, waiting: make(map[int]chan answer), tabs: make(map[string]*tab)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		b.read(ourIn)
	}()
	t.Cleanup(func() {
		_ = b.call("", "Browser.close", nil, nil)
		ourOut.Close()
		_ = cmd.Wait()
		<-read
		ourIn.Close()
		if t.Failed() && complaints.Len() > 0 {
			t.Logf("the browser said:\n%.4000s", complaints.String())
		}
	})
	return b
}

func (b *browser) read(from io.Reader) {
	r := bufio.NewReader(from)
	for {
		text, err := r.ReadBytes(0)
		if err != nil {
			b.mu.Lock()
			b.gone = fmt.Errorf("the browser is gone: %w", err)
			for id, c := range b.waiting {
				c <- answer{err: b.gone}
				delete(b.waiting, id)
			}
			b.mu.Unlock()
			return
		}
		var m message
		if json.Unmarshal(text[:len(text)-1], &m) != nil {
			continue
		}
		b.mu.Lock()
		if c := b.waiting[m.ID]; m.ID != 0 && c != nil {
			delete(b.waiting, m.ID)
			a := answer{result: m.Result}
			if m.Error != nil {
				a.err = errors.New(m.Error.Message)
			}
			c <- a
		}
		tab := b.tabs[m.SessionID]
		b.mu.Unlock()
		if tab != nil && m.Method != "" {
			tab.event(m.Method, m.Params)
		}
	}
}

// call sends a command and waits for its answer.
func (b *browser) call(session, method string, params, result any) error {
	if params == nil {
		params = struct{}{}
	}
	c := make(chan answer, 1)
	b.mu.Lock()
	if b.gone != nil {
		b.mu.Unlock()
		return b.gone
	}
	b.next++
	id := b.next
	b.waiting[id] = c
	text, err := json.Marshal(struct {
		ID        int    `json:"id"`
		SessionID string `json:"sessionId,omitempty"`
		Method    string `json:"method"`
		Params    any    `json:"params"`
	}{id, session, method, params})
	if err == nil {
		_, err = b.to.Write(append(text, 0))
	}
	b.mu.Unlock()
	if err != nil {
		return fmt.Errorf("tell the browser %s: %w", method, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	select {
	case a := <-c:
		if a.err != nil {
			return fmt.Errorf("%s: %w", method, a.err)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(a.result, result)
	case <-ctx.Done():
		return fmt.Errorf("%s: no answer within %s", method, patience)
	}
}

type object = map[string]any

// tab is a page in the browser. It writes down what it asks for, and what it
// complains about.
type tab struct {
	t       *testing.T
	b       *browser
	session string
	target  string
	mu      sync.Mutex // guards everything that follows
	asked   []string
	errors  []string
	forgive func(string) bool // complaints that a test provokes
}

// open makes a tab of a size, dark or light.
func (b *browser) open(t *testing.T, width, height int, scheme string) *tab {
	t.Helper()
	var made struct {
		TargetID  string `json:"targetId"`
		SessionID string `json:"sessionId"`
	}
	tab := &tab{t: t, b: b}
	if err := b.call("", "Target.createTarget", object{"url": "about:blank"}, &made); err != nil {
		t.Fatal(err)
	}
	target := made.TargetID
	if err := b.call("", "Target.attachToTarget", object{"targetId": target, "flatten": true}, &made); err != nil {
		t.Fatal(err)
	}
	tab.session, tab.target = made.SessionID, target
	b.mu.Lock()
	b.tabs[tab.session] = tab
	b.mu.Unlock()
	for _, domain := range []string{"Page", "Runtime", "Network", "Log"} {
		tab.must(domain+".enable", nil, nil)
	}
	tab.size(width, height)
	tab.media("prefers-color-scheme", scheme)
	return tab
}

// close closes the tab, and with it the stream that it listens to: a browser
// has six connections for each host.
func (tab *tab) close() {
	tab.t.Helper()
	if err := tab.b.call("", "Target.closeTarget", object{"targetId": tab.target}, nil); err != nil {
		tab.t.Error(err)
	}
}

func (tab *tab) size(width, height int) {
	tab.t.Helper()
	tab.must("Emulation.setDeviceMetricsOverride", object{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}, nil)
}

// media has the page find a feature of the reader's screen.
func (tab *tab) media(name, value string) {
	tab.t.Helper()
	tab.must("Emulation.setEmulatedMedia", object{"features": []object{{"name": name, "value": value}}}, nil)
}

func (tab *tab) must(method string, params, result any) {
	tab.t.Helper()
	if err := tab.b.call(tab.session, method, params, result); err != nil {
		tab.t.Fatal(err)
	}
}

// event takes note of requests and complaints.
func (tab *tab) event(method string, params json.RawMessage) {
	var p struct {
		Request struct {
			URL string `json:"url"`
		} `json:"request"`
		Type string `json:"type"`
		Args []struct {
			Value       any    `json:"value"`
			Description string `json:"description"`
		} `json:"args"`
		ExceptionDetails struct {
			Text      string `json:"text"`
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
		Entry struct {
			Level string `json:"level"`
			Text  string `json:"text"`
			URL   string `json:"url"`
		} `json:"entry"`
	}
	if json.Unmarshal(params, &p) != nil {
		return
	}
	tab.mu.Lock()
	defer tab.mu.Unlock()
	switch method {
	case "Network.requestWillBeSent":
		tab.asked = append(tab.asked, p.Request.URL)
	case "Runtime.exceptionThrown":
		tab.errors = append(tab.errors, p.ExceptionDetails.Text+" "+p.ExceptionDetails.Exception.Description)
	case "Runtime.consoleAPICalled":
		if p.Type == "error" || p.Type == "warning" || p.Type == "assert" {
			tab.errors = append(tab.errors, fmt.Sprint(p.Type, ": ", p.Args))
		}
	case "Log.entryAdded":
		if p.Entry.Level == "error" || p.Entry.Level == "warning" {
			tab.errors = append(tab.errors, p.Entry.Text+" "+p.Entry.URL)
		}
	}
}

// check fails if the page complained, or asked anybody else than origin.
func (tab *tab) check(origin string) {
	tab.t.Helper()
	tab.mu.Lock()
	defer tab.mu.Unlock()
	for _, e := range tab.errors {
		if tab.forgive == nil || !tab.forgive(e) {
			tab.t.Errorf("the browser's console: %s", e)
		}
	}
	if len(tab.asked) == 0 {
		tab.t.Error("no request was seen at all")
	}
	for _, url := range tab.asked {
		if !strings.HasPrefix(url, origin+"/") {
			tab.t.Errorf("the page asked elsewhere: %s", url)
		}
	}
}

func (tab *tab) visit(url string) {
	tab.t.Helper()
	tab.must("Page.navigate", object{"url": url}, nil)
}

// eval runs an expression, waits for its promise, and reads its value.
func (tab *tab) eval(expression string, value any) {
	tab.t.Helper()
	var r struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		ExceptionDetails *struct {
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
	}
	tab.must("Runtime.evaluate", object{"expression": expression, "awaitPromise": true, "returnByValue": true}, &r)
	if r.ExceptionDetails != nil {
		tab.t.Fatalf("%s: %s", expression, r.ExceptionDetails.Exception.Description)
	}
	if value != nil {
		if err := json.Unmarshal(r.Result.Value, value); err != nil {
			tab.t.Fatalf("%s gives %s: %v", expression, r.Result.Value, err)
		}
	}
}

// text is the value of an expression that is a string.
func (tab *tab) text(expression string) string {
	tab.t.Helper()
	var s string
	tab.eval("String("+expression+")", &s)
	return s
}

// wait waits until a condition holds in the page.
func (tab *tab) wait(condition string) {
	tab.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		var held bool
		// The page may be replaced while it is asked.
		err := tab.b.call(tab.session, "Runtime.evaluate", object{"awaitPromise": true, "returnByValue": true, "expression": `new Promise((done) => {
			const until = Date.now() + 1000;
			const look = () => { let ok = false; try { ok = Boolean(` + condition + `) } catch {} if (ok || Date.now() > until) done(ok); else setTimeout(look, 20) };
			look();
		})`}, &struct {
			Result struct {
				Value *bool `json:"value"`
			} `json:"result"`
		}{struct {
			Value *bool `json:"value"`
		}{&held}})
		if err == nil && held {
			return
		}
		if time.Now().After(deadline) {
			tab.t.Fatalf("it has not come about: %s (%v)\n%s", condition, err, tab.text("document.body.innerText.slice(0, 1500)"))
		}
	}
}

// press presses a key by its name, or a character.
func (tab *tab) press(key string) {
	tab.t.Helper()
	codes := map[string]int{"Tab": 9, "Enter": 13, "Escape": 27, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39}
	p := object{"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
	if key == "Enter" {
		p["text"] = "\r"
	} else if len(key) == 1 {
		p["text"] = key
	}
	tab.must("Input.dispatchKeyEvent", p, nil)
	tab.must("Input.dispatchKeyEvent", object{"type": "keyUp", "key": key, "code": key, "windowsVirtualKeyCode": codes[key]}, nil)
}

// picture takes a PNG of what is in the window.
func (tab *tab) picture() []byte {
	tab.t.Helper()
	var r struct {
		Data string `json:"data"`
	}
	tab.must("Page.captureScreenshot", object{"format": "png"}, &r)
	png, err := base64.StdEncoding.DecodeString(r.Data)
	if err != nil {
		tab.t.Fatal(err)
	}
	return png
}
