//! A browser, driven over `WebDriver`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;
use tempfile::TempDir;
use thirtyfour::{ChromeCapabilities, ChromiumLikeCapabilities, DesiredCapabilities, WebDriver};

/// Chromium without a window; one that is dropped is ended.
pub(super) struct Browser {
    pub(super) pages: WebDriver,
    driver: Child,
    _profile: TempDir,
}

impl Browser {
    /// Starts one, whose pages may run scripts or not.
    pub(super) async fn start(scripts: bool) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("there is a chromedriver: run tests/live.sh");
        let out = BufReader::new(driver.stdout.take().expect("it is piped"));
        let port = out.lines().map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let port = port.expect("it says where it listens");
        let profile = tempfile::tempdir().expect("there is a place for temporary files");
        let url = format!("http://127.0.0.1:{port}");
        let pages = WebDriver::new(url, capabilities(profile.path(), scripts)).await;
        let pages = pages.expect("Chromium starts");
        pages.set_window_rect(0, 0, 1100, 900).await.expect("it can be resized");
        Self { pages, driver, _profile: profile }
    }

    /// Ends it as a user does.
    pub(super) async fn end(self) {
        self.pages.clone().quit().await.expect("it ends");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn capabilities(profile: &Path, scripts: bool) -> ChromeCapabilities {
    let mut capabilities = DesiredCapabilities::chrome();
    for argument in [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        &format!("--user-data-dir={}", profile.display()),
    ] {
        capabilities.add_arg(argument).expect("it is text");
    }
    // 2 is "blocked".
    let preferences = json!({
        "profile.managed_default_content_settings.javascript": if scripts { 1 } else { 2 },
    });
    capabilities.add_experimental_option("prefs", preferences).expect("it is JSON");
    capabilities
}
