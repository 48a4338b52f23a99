//! A customer before a browser: place, ship, cancel, and look at what became of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use thirtyfour::{By, WebDriver, WebElement};

use super::driver::Browser;
use super::suite::{Place, Row, Service};

/// A shop on SQLite.
struct Folder(TempDir);

impl Place for Folder {
    fn program(&self) -> PathBuf {
        super::program()
    }

    fn data(&self) -> &Path {
        self.0.path()
    }

    fn arguments(&self) -> Vec<String> {
        Vec::new()
    }

    fn orders(&self) -> Vec<Row> {
        unreachable!("the browser looks at pages")
    }

    fn jobs_left(&self) -> i64 {
        unreachable!("the browser looks at pages")
    }
}

#[tokio::test]
#[ignore = "needs a browser: run tests/live.sh"]
async fn a_customer_walks_through_the_shop() {
    walk("with-scripts", true).await;
}

#[tokio::test]
#[ignore = "needs a browser: run tests/live.sh"]
async fn a_customer_without_scripts_walks_through_the_shop() {
    walk("without-scripts", false).await;
}

async fn walk(name: &str, scripts: bool) {
    let place = Folder(tempfile::tempdir().expect("there is a place for temporary files"));
    let shop = place.open(&[]);
    let browser = Browser::start(scripts).await;
    let mut walk = Walk { pages: &browser.pages, shop: &shop, name, pictures: 0 };
    assert_eq!(walk.scripts_run().await, scripts, "the setting has no effect");

    walk.go("/").await;
    assert_eq!(walk.text("h1").await, "Orders");
    assert!(walk.text("main").await.contains("There are none yet."));
    walk.picture("no orders").await;

    // A mistake is named beside its field, and what was written stays.
    walk.click(By::LinkText("Place an order")).await;
    walk.fill("email", "ada at example.com").await;
    walk.fill("quantity", "2").await;
    walk.submit("Place the order").await;
    assert_eq!(walk.text("#email-problem").await, "Write an address such as ada@example.com.");
    assert_eq!(walk.value("quantity").await, "2");
    walk.picture("a mistake").await;

    walk.order("ada@example.com", "teapot").await;
    assert_eq!(walk.path().await, "/orders/1");
    assert_eq!(walk.state().await, "placed");
    walk.until("2 done", |page| page.matches("done by the worker").count() == 2).await;
    walk.picture("placed").await;
    walk.submit("Ship the order").await;
    assert_eq!((walk.path().await.as_str(), walk.state().await.as_str()), ("/orders/1", "shipped"));
    walk.until("3 done", |page| page.matches("done by the worker").count() == 3).await;
    walk.picture("shipped").await;

    walk.order("<b>grace</b>@example.com", "kettle").await;
    assert_eq!(walk.text("#email-problem").await, "Write an address such as ada@example.com.");
    walk.order("grace@example.com", "kettle").await;
    walk.submit("Cancel the order").await;
    assert_eq!(
        (walk.path().await.as_str(), walk.state().await.as_str()),
        ("/orders/2", "cancelled")
    );
    walk.until("4 done", |page| page.matches("done by the worker").count() == 4).await;
    walk.picture("cancelled").await;

    // There are 3 lamps.
    walk.go("/orders/new").await;
    walk.choose("lamp").await;
    walk.fill("email", "alan@example.com").await;
    walk.fill("quantity", "4").await;
    walk.submit("Place the order").await;
    assert_eq!(walk.text("h1").await, "Conflict");
    assert!(walk.text("main").await.contains("There are not enough of these left: lamp."));
    walk.picture("an error").await;

    walk.click(By::LinkText("Effects")).await;
    assert_eq!(walk.text("h1").await, "Effects");
    let page = walk.text("main").await;
    assert_eq!(page.matches("done by the worker").count(), 7, "{page}");
    assert_eq!(page.matches("discarded: error").count(), 2, "{page}");
    walk.picture("effects").await;
    walk.click(By::LinkText("000002-cancellation.txt")).await;
    assert!(walk.text("body").await.contains("Your order 2 is cancelled."));

    walk.go("/orders").await;
    walk.picture("orders").await;
    walk.pages.set_window_rect(0, 0, 500, 900).await.expect("it can be resized");
    walk.picture("orders on a telephone").await;
    walk.go("/orders/1").await;
    walk.picture("an order on a telephone").await;
    browser.end().await;
    let (well, said) = shop.stop();
    assert!(well, "{said}");
}

/// Somebody's way through the pages.
struct Walk<'a> {
    pages: &'a WebDriver,
    shop: &'a Service,
    name: &'a str,
    pictures: u32,
}

impl Walk<'_> {
    async fn go(&self, path: &str) {
        let url = format!("http://127.0.0.1:{}{path}", self.shop.port);
        self.pages.goto(&url).await.expect("the page loads");
    }

    /// What is on the page, once it is.
    async fn find(&self, what: By) -> WebElement {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            match self.pages.find(what.clone()).await {
                Ok(found) => return found,
                Err(error) => assert!(Instant::now() < deadline, "it is not on the page: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Clicks on what leads to another page, and waits until the one that was there is gone.
    async fn click(&self, what: By) {
        let before = self.find(By::Tag("html")).await;
        self.find(what).await.click().await.expect("it can be clicked");
        let deadline = Instant::now() + Duration::from_secs(20);
        while before.tag_name().await.is_ok() {
            assert!(Instant::now() < deadline, "the page stays");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn submit(&self, button: &str) {
        self.click(By::XPath(format!("//button[text()='{button}']"))).await;
    }

    /// Writes into the field with this label's name.
    async fn fill(&self, field: &str, text: &str) {
        let input = self.find(By::Id(field)).await;
        input.clear().await.expect("it can be cleared");
        input.send_keys(text).await.expect("it can be written into");
    }

    async fn choose(&self, item: &str) {
        let option = format!("#item option[value='{item}']");
        self.find(By::Css(option)).await.click().await.expect("it can be chosen");
    }

    async fn order(&self, email: &str, item: &str) {
        self.go("/orders/new").await;
        self.fill("email", email).await;
        self.choose(item).await;
        self.submit("Place the order").await;
    }

    /// The text of what is on the page, also where another page has just taken its place.
    async fn text(&self, css: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let text = match self.pages.find(By::Css(css)).await {
                Ok(found) => found.text().await,
                Err(error) => Err(error),
            };
            match text {
                Ok(text) => return text,
                Err(error) => assert!(Instant::now() < deadline, "no {css} on the page: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn value(&self, field: &str) -> String {
        let input = self.find(By::Id(field)).await;
        input.prop("value").await.expect("it has one").unwrap_or_default()
    }

    async fn state(&self) -> String {
        self.text("dd .badge").await
    }

    async fn path(&self) -> String {
        self.pages.current_url().await.expect("it has one").path().to_owned()
    }

    /// Loads the page again until it says something.
    async fn until(&self, what: &str, says: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !says(&self.text("main").await) {
            assert!(Instant::now() < deadline, "{what}: {}", self.text("main").await);
            tokio::time::sleep(Duration::from_millis(50)).await;
            self.click(By::LinkText("Load again")).await;
        }
    }

    /// Whether scripts of pages run here.
    async fn scripts_run(&self) -> bool {
        let page = "data:text/html,<title>no</title><script>document.title = 'yes'</script>";
        self.pages.goto(page).await.expect("the page loads");
        self.pages.title().await.expect("it has one") == "yes"
    }

    /// Keeps a picture of the page where somebody wants to see it.
    async fn picture(&mut self, of: &str) {
        let Some(folder) = std::env::var_os("AIRLOCK_PICTURES") else { return };
        let folder = Path::new(&folder).join(self.name);
        fs::create_dir_all(&folder).expect("it can be made");
        self.pictures += 1;
        let picture = self.pages.screenshot_as_png().await.expect("a picture");
        let file = format!("{:02} {of}.png", self.pictures);
        fs::write(folder.join(file), picture).expect("it can be written");
    }
}
