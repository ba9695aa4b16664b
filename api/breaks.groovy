// Takes the breaks that api/breaks lists out of what japicmp has found. An entry that is no break fails the build.
import japicmp.model.JApiChangeStatus

def listed = new File(System.getProperty('maven.multiModuleProjectDirectory'), 'api/breaks').readLines('UTF-8')
    .findAll { !it.isBlank() && !it.startsWith('//') }
    .collectEntries { line ->
        def parts = line.split(/  +/, 2)
        if (parts.length < 2) {
            throw new IllegalStateException("api/breaks: an entry must be a name, two spaces and the reason, but was '$line'")
        }
        [parts[0], parts[1]]
    }
def used = [] as Set

def isListed = { element, String key ->
    boolean breaks = !(element.binaryCompatible && element.sourceCompatible)
    if (breaks && listed.containsKey(key)) {
        used << key
        return true
    }
    return false
}
def signature = { it.parameters.collect { parameter -> parameter.type }.join(',') }

def names = [] as Set
jApiClasses.removeIf { type ->
    names << type.fullyQualifiedName
    type.methods.removeIf { isListed(it, "${type.fullyQualifiedName}#${it.name}(${signature(it)})".toString()) }
    type.constructors.removeIf { isListed(it, "${type.fullyQualifiedName}#<init>(${signature(it)})".toString()) }
    type.fields.removeIf { isListed(it, "${type.fullyQualifiedName}#${it.name}".toString()) }
    if (type.changeStatus != JApiChangeStatus.REMOVED && listed.containsKey(type.fullyQualifiedName)) {
        // a break of the class itself, such as an interface that it no longer has: its members are still looked at
        if (!type.compatibilityChanges.empty) {
            used << type.fullyQualifiedName
            type.compatibilityChanges.clear()
        }
        return false
    }
    isListed(type, type.fullyQualifiedName)
}

def stale = listed.keySet().findAll { names.contains(it.split('#')[0]) && !used.contains(it) }
if (stale) {
    throw new IllegalStateException("api/breaks: these are no breaks against the baseline: ${stale.join(', ')}")
}
return jApiClasses
