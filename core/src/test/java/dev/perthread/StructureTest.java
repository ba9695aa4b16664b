package dev.perthread;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaFieldAccess.AccessType;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the core promises about itself: no dependency, nothing public by accident, nothing that pins a carrier. */
class StructureTest {
    private static final JavaClasses CORE = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("testkit"))
            .importPackages("dev.perthread");

    private static final List<String> CONTRACT = List.of(
            "ThreadStore",
            "PerThread",
            "KeyedPerThread",
            "PoolBuilder",
            "KeyedOpener",
            "TimedKeyedOpener",
            "Lease",
            "Opener",
            "TimedOpener",
            "Closer",
            "Check",
            "Body",
            "Action",
            "Listener",
            "PerThreadMXBean",
            "ReentryPolicy",
            "IdlePolicy",
            "ReusePolicy",
            "CloseReason",
            "ResourceInfo",
            "Stats",
            "CloseReport",
            "ReentryException",
            "ResourceException",
            "AcquireTimeoutException",
            "AcquireRefusedException",
            "AcquireInterruptedException",
            "ResourceCloseException");

    @Test
    void dependsOnNothingButTheJdk() {
        classes()
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "java..", "jdk.jfr", "javax.management", "dev.perthread", "org.jspecify.annotations")
                .check(CORE);
    }

    /** Where those modules are missing, the rest must go on. */
    @Test
    void onlyWhatIsBehindADoorNeedsMoreThanTheBaseModule() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("jdk.jfr")
                .check(CORE.that(DescribedPredicate.describe(
                        "are not events", type -> !type.getName().startsWith("dev.perthread.Jfr"))));
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("javax.management..")
                .check(CORE.that(DescribedPredicate.describe(
                        "are not JMX", type -> !type.getName().startsWith("dev.perthread.Jmx"))));
    }

    /** Or the compiler loads the event's class, in a thread that has nothing to do with Flight Recorder, and may be pinned by it. */
    @Test
    void noMethodInFrontOfTheDoor_mustNameAnEventInItsSignature() {
        assertThat(CORE.stream()
                        .filter(type -> !type.getName().matches("dev\\.perthread\\.Jfr(Events|Writer)\\b.*"))
                        .flatMap(type -> type.getMethods().stream())
                        .filter(method -> Stream.concat(
                                        Stream.of(method.getRawReturnType()), method.getRawParameterTypes().stream())
                                .anyMatch(named -> named.getName().startsWith("dev.perthread.JfrEvents")))
                        .map(JavaMethod::getFullName))
                .isEmpty();
    }

    @Test
    void isPublicOnlyWhereTheContractSaysSo() {
        assertThat(CORE.stream()
                        .filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC))
                        .filter(type -> type.getEnclosingClass().isEmpty())
                        .map(JavaClass::getSimpleName)
                        .filter(name -> !name.equals("package-info")))
                .containsExactlyInAnyOrderElementsOf(CONTRACT);
    }

    /** So what {@code javap -public} shows of the module is the contract, and nothing of what is behind it. */
    @Test
    void publicMembersNameOnlyWhatIsPublic() {
        CORE.stream()
                .filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC))
                .flatMap(type -> type.getMembers().stream())
                .filter(member -> member.getModifiers().contains(JavaModifier.PUBLIC)
                        || member.getModifiers().contains(JavaModifier.PROTECTED))
                .filter(member -> !member.getModifiers().contains(JavaModifier.SYNTHETIC))
                .forEach(member -> assertThat(member.getAllInvolvedRawTypes())
                        .as(member.getFullName())
                        .allMatch(named -> !named.getPackageName().equals("dev.perthread")
                                || named.getModifiers().contains(JavaModifier.PUBLIC)));
    }

    @Test
    void nothingIsSynchronizedSoNothingPinsACarrier() throws IOException {
        methods().should().notHaveModifier(JavaModifier.SYNCHRONIZED).check(CORE);
        for (Path file : sources()) {
            assertThat(Files.readString(file)).as(file.toString()).doesNotContain("synchronized (");
        }
    }

    @Test
    void nothingIsKeptInThreadLocals() {
        noClasses()
                .should()
                .dependOnClassesThat(DescribedPredicate.describe(
                        "are thread-locals", type -> type.isAssignableTo(ThreadLocal.class)))
                .check(CORE);
    }

    /** Who reads one class of a cycle has to know all of it. The graph is written to {@code target/class-graph.txt}. */
    @Test
    void noCycleOfClassesIsLargerThanAReaderCanHold() throws IOException {
        Map<String, Set<String>> uses = new TreeMap<>();
        for (JavaClass type : CORE) {
            Set<String> used = uses.computeIfAbsent(topLevel(type), name -> new TreeSet<>());
            type.getDirectDependenciesFromSelf().stream()
                    .map(dependency -> dependency.getTargetClass())
                    .filter(CORE::contains)
                    .map(StructureTest::topLevel)
                    .forEach(used::add);
            used.remove(topLevel(type));
        }
        List<List<String>> cycles = cycles(uses);
        List<String> lines = new ArrayList<>();
        cycles.forEach(cycle -> lines.add("cycle of " + cycle.size() + ": " + String.join(" ", cycle)));
        uses.forEach((type, used) -> lines.add(type + " -> " + String.join(" ", used)));
        Files.write(Path.of("target", "class-graph.txt"), lines);
        assertThat(uses).hasSizeGreaterThan(50);
        assertThat(cycles).allSatisfy(cycle -> assertThat(cycle).hasSizeLessThanOrEqualTo(5));
    }

    private static String topLevel(JavaClass type) {
        String name = type.getName().substring(type.getPackageName().length() + 1);
        return name.indexOf('$') < 0 ? name : name.substring(0, name.indexOf('$'));
    }

    /** Classes that use each other, directly or not, largest cycle first. */
    private static List<List<String>> cycles(Map<String, Set<String>> uses) {
        Map<String, Set<String>> reached = new TreeMap<>();
        uses.keySet().forEach(type -> {
            Set<String> known = new TreeSet<>();
            Deque<String> next = new ArrayDeque<>(uses.get(type));
            while (!next.isEmpty()) {
                String name = next.pop();
                if (known.add(name)) {
                    next.addAll(uses.getOrDefault(name, Set.of()));
                }
            }
            reached.put(type, known);
        });
        return reached.keySet().stream()
                .map(type -> reached.get(type).stream()
                        .filter(other -> reached.getOrDefault(other, Set.of()).contains(type))
                        .toList())
                .filter(cycle -> cycle.size() > 1)
                .distinct()
                .sorted(Comparator.comparingInt(cycle -> -cycle.size()))
                .toList();
    }

    @Test
    void everyFileAndEveryMethodCanBeReadInOneGo() throws IOException {
        for (Path file : sources()) {
            List<String> code = Files.readString(file)
                    .replaceAll("(?s)/\\*.*?\\*/", "")
                    .lines()
                    .filter(line -> !line.isBlank() && !line.strip().startsWith("//"))
                    .toList();
            assertThat(code)
                    .as(file + ", without javadoc, comments and blank lines")
                    .hasSizeLessThan(400);
            for (int i = 0, begin = 0; i < code.size(); i++) { // the format puts members at four columns
                if (code.get(i).matches(" {4}[^ }].*")) {
                    begin = i;
                } else if (code.get(i).equals("    }")
                        && !code.get(begin).matches(".*\\b(class|interface|enum|record)\\b.*")) {
                    assertThat(code.subList(begin, i + 1))
                            .as(file + ", " + code.get(begin))
                            .hasSizeLessThanOrEqualTo(40);
                }
            }
        }
    }

    @Test
    void everyClassSaysWhatItIs() throws IOException {
        for (Path file : sources()) {
            String text = Files.readString(file);
            assertThat(text)
                    .as(file.toString())
                    .startsWith(
                            file.endsWith("package-info.java") || file.endsWith("module-info.java") ? "" : "package ");
            assertThat(text)
                    .as(file.toString())
                    .containsPattern(
                            "(?s)/\\*\\*.*?\\*/\\s+(@\\w[^\\n]*\\s+)*(public |abstract |final |sealed |non-sealed )*(@?interface|class|enum|record|package|module) ");
        }
    }

    /** A plain store where a release store belongs cannot be seen by running it: x86 keeps the order all the same. */
    @Test
    void theStateOfASlotIsStoredPlainlyOnlyBeforeAnybodyElseCanSeeIt() {
        assertThat(CORE.get(Slot.class).getFieldAccessesFromSelf().stream()
                        .filter(access -> access.getAccessType() == AccessType.SET)
                        .filter(access -> access.getTarget().getName().equals("state"))
                        .map(access -> access.getOrigin().getName()))
                .containsExactlyInAnyOrder("<init>", "takeOver");
    }

    /** Else a bug that a check is shown to catch is found to be one no more only when somebody plants it again. */
    @ParameterizedTest
    @ValueSource(strings = {"core", "net"})
    void everyPlantedBugStillFitsTheCode(String module) throws IOException {
        List<Path> patches;
        try (Stream<Path> files = Files.list(Path.of("..", module, "src", "planted"))) {
            patches = files.filter(file -> file.toString().endsWith(".patch")).toList();
        }
        assertThat(patches).hasSizeGreaterThan(30);
        for (Path patch : patches) {
            String code = "";
            StringBuilder replaced = new StringBuilder(); // by the present hunk
            for (String line : (Files.readString(patch) + "\n@@").lines().toList()) {
                if (line.startsWith("--- a/") || line.startsWith("@@")) {
                    assertThat(code).as(patch.toString()).contains(replaced);
                    replaced.setLength(0);
                }
                if (line.startsWith("--- a/")) {
                    code = Files.readString(Path.of("..").resolve(line.substring("--- a/".length())));
                } else if (line.startsWith(" ") || line.startsWith("-")) {
                    replaced.append(line, 1, line.length()).append('\n');
                }
            }
        }
    }

    private static List<Path> sources() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("src", "main"))) {
            return files.filter(file -> file.toString().endsWith(".java")).toList();
        }
    }
}
