package dev.perthread.cli.timeline;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.logging.Level;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/** A real headless Chromium with a page in it; where none is installed, tests that need it say so and are left out. */
final class Chromium implements AutoCloseable {
    private static final List<String> BROWSERS = List.of("chromium", "chromium-browser", "google-chrome");
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final ChromeDriver driver;

    private Chromium(Path browser, Path chromedriver) {
        LoggingPreferences logs = new LoggingPreferences();
        logs.enable(LogType.BROWSER, Level.ALL);
        ChromeOptions options = new ChromeOptions();
        options.setBinary(browser.toFile());
        options.addArguments(
                "--headless=new",
                "--no-sandbox", // as root there is none
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
                "--force-device-scale-factor=1",
                "--window-size=1280,860");
        options.setCapability("goog:loggingPrefs", logs);
        ChromeDriverService service = new ChromeDriverService.Builder()
                .usingDriverExecutable(chromedriver.toFile())
                .usingAnyFreePort()
                .build();
        driver = new ChromeDriver(service, options);
        driver.manage().timeouts().scriptTimeout(PATIENCE).pageLoadTimeout(PATIENCE);
    }

    /** Ends the test class, with the reason, where there is no browser. */
    static Chromium start() {
        Optional<Path> browser =
                BROWSERS.stream().map(Chromium::find).flatMap(Optional::stream).findFirst();
        Optional<Path> chromedriver = find("chromedriver");
        Assumptions.assumeTrue(
                browser.isPresent() && chromedriver.isPresent(),
                "no Chromium with its chromedriver is installed (Debian: apt install chromium chromium-driver)");
        return new Chromium(browser.orElseThrow(), chromedriver.orElseThrow());
    }

    void show(Path page) {
        driver.get(page.toUri().toString());
    }

    /** The colours, light or dark, that the user of the system has chosen. */
    void prefer(String scheme) {
        Map<String, Object> feature = Map.of("name", "prefers-color-scheme", "value", scheme);
        driver.executeCdpCommand("Emulation.setEmulatedMedia", Map.of("features", List.of(feature)));
    }

    private static Optional<Path> find(String program) {
        return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(":"))
                .map(directory -> Path.of(directory, program))
                .filter(Files::isExecutable)
                .findFirst();
    }

    WebElement element(String id) {
        return driver.findElement(By.id(id));
    }

    /**
     * Presses a button, a link or a summary by the keyboard. A click goes to a place, and what is drawn meanwhile, the
     * content of a section that was just opened above all, may have moved the element away from there.
     */
    void press(WebElement element) {
        element.sendKeys(Keys.ENTER);
    }

    /** What the page says of itself. */
    long state(String name) {
        return ((Number) Objects.requireNonNull(evaluate("return timeline.state()." + name))).longValue();
    }

    @Nullable
    Object evaluate(String script) {
        return driver.executeScript(script);
    }

    @Nullable
    Object evaluateLater(String script) {
        return driver.executeAsyncScript(script);
    }

    String total(String name) {
        return driver.findElement(By.cssSelector("[data-name='" + name + "'] dd"))
                .getText();
    }

    ChromeDriver driver() {
        return driver;
    }

    byte[] picture() {
        return driver.getScreenshotAs(OutputType.BYTES);
    }

    /** What the browser complained about since the last call: errors in scripts, what the page's policy forbids. */
    List<String> complaints() {
        return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
                .map(LogEntry::getMessage)
                .toList();
    }

    @Override
    public void close() {
        driver.quit();
    }
}
