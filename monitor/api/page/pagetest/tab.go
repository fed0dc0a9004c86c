package pagetest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// Object is one in JSON.
type Object = map[string]any

// Tab is a page in the browser. It writes down what it asks for, and what it
// complains about.
type Tab struct {
	t       *testing.T
	b       *Browser
	session string
	target  string
	mu      sync.Mutex // guards everything that follows
	asked   []string
	errors  []string
	Forgive func(string) bool // complaints that a test provokes
}

// Open makes a tab of a size, dark or light.
func (b *Browser) Open(t *testing.T, width, height int, scheme string) *Tab {
	t.Helper()
	var made struct {
		TargetID  string `json:"targetId"`
		SessionID string `json:"sessionId"`
	}
	tab := &Tab{t: t, b: b}
	if err := b.call("", "Target.createTarget", Object{"url": "about:blank"}, &made); err != nil {
		t.Fatal(err)
	}
	target := made.TargetID
	if err := b.call("", "Target.attachToTarget", Object{"targetId": target, "flatten": true}, &made); err != nil {
		t.Fatal(err)
	}
	tab.session, tab.target = made.SessionID, target
	b.mu.Lock()
	b.tabs[tab.session] = tab
	b.mu.Unlock()
	for _, domain := range []string{"Page", "Runtime", "Network", "Log"} {
		tab.Must(domain+".enable", nil, nil)
	}
	tab.Size(width, height)
	tab.Media("prefers-color-scheme", scheme)
	return tab
}

// Close closes the tab, and with it the stream that it listens to: a browser
// has six connections for each host.
func (tab *Tab) Close() {
	tab.t.Helper()
	if err := tab.b.call("", "Target.closeTarget", Object{"targetId": tab.target}, nil); err != nil {
		tab.t.Error(err)
	}
}

func (tab *Tab) Size(width, height int) {
	tab.t.Helper()
	tab.Must("Emulation.setDeviceMetricsOverride", Object{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}, nil)
}

// Media has the page find a feature of the reader's screen.
func (tab *Tab) Media(name, value string) {
	tab.t.Helper()
	tab.Must("Emulation.setEmulatedMedia", Object{"features": []Object{{"name": name, "value": value}}}, nil)
}

func (tab *Tab) Must(method string, params, result any) {
	tab.t.Helper()
	if err := tab.b.call(tab.session, method, params, result); err != nil {
		tab.t.Fatal(err)
	}
}

// event takes note of requests and complaints.
func (tab *Tab) event(method string, params json.RawMessage) {
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

// Check fails if the page complained, or asked anybody else than origin.
func (tab *Tab) Check(origin string) {
	tab.t.Helper()
	tab.mu.Lock()
	defer tab.mu.Unlock()
	for _, e := range tab.errors {
		if tab.Forgive == nil || !tab.Forgive(e) {
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

func (tab *Tab) Visit(url string) {
	tab.t.Helper()
	tab.Must("Page.navigate", Object{"url": url}, nil)
}

// Eval runs an expression, waits for its promise, and reads its value.
func (tab *Tab) Eval(expression string, value any) {
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
	tab.Must("Runtime.evaluate", Object{"expression": expression, "awaitPromise": true, "returnByValue": true}, &r)
	if r.ExceptionDetails != nil {
		tab.t.Fatalf("%s: %s", expression, r.ExceptionDetails.Exception.Description)
	}
	if value != nil {
		if err := json.Unmarshal(r.Result.Value, value); err != nil {
			tab.t.Fatalf("%s gives %s: %v", expression, r.Result.Value, err)
		}
	}
}

// Text is the value of an expression that is a string.
func (tab *Tab) Text(expression string) string {
	tab.t.Helper()
	var s string
	tab.Eval("String("+expression+")", &s)
	return s
}

// Wait waits until a condition holds in the page.
func (tab *Tab) Wait(condition string) {
	tab.t.Helper()
	deadline := time.Now().Add(Patience)
	for {
		var held bool
		// The page may be replaced while it is asked.
		err := tab.b.call(tab.session, "Runtime.evaluate", Object{"awaitPromise": true, "returnByValue": true, "expression": `new Promise((done) => {
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
			tab.t.Fatalf("it has not come about: %s (%v)\n%s", condition, err, tab.Text("document.body.innerText.slice(0, 1500)"))
		}
	}
}

// Press presses a key by its name, or a character.
func (tab *Tab) Press(key string) {
	tab.t.Helper()
	codes := map[string]int{"Tab": 9, "Enter": 13, "Escape": 27, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39}
	p := Object{"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
	if key == "Enter" {
		p["text"] = "\r"
	} else if len(key) == 1 {
		p["text"] = key
	}
	tab.Must("Input.dispatchKeyEvent", p, nil)
	tab.Must("Input.dispatchKeyEvent", Object{"type": "keyUp", "key": key, "code": key, "windowsVirtualKeyCode": codes[key]}, nil)
}

// Picture takes a PNG of what is in the window.
func (tab *Tab) Picture() []byte {
	tab.t.Helper()
	var r struct {
		Data string `json:"data"`
	}
	tab.Must("Page.captureScreenshot", Object{"format": "png"}, &r)
	png, err := base64.StdEncoding.DecodeString(r.Data)
	if err != nil {
		tab.t.Fatal(err)
	}
	return png
}
