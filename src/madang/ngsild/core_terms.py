"""The terms of the NGSI-LD core @context, version 1.9, as our own table.

A platform must know them without a network (CIM 009 §4.4). A test compares the table with ETSI's document.
"""

from __future__ import annotations

NGSI_LD = "https://uri.etsi.org/ngsi-ld/"
DEFAULT_VOCABULARY = NGSI_LD + "default-context/"
GEOJSON = "https://purl.org/geojson/vocab#"
CORE_CONTEXT_URL = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"

# Terms whose IRI is the NGSI-LD namespace followed by the term itself
_PLAIN = """
    Attribute AttributeList ContextSourceIdentity ContextSourceNotification
    ContextSourceRegistration Date DateTime EntityMap EntityType EntityTypeInfo EntityTypeList
    ExecutionResultDetails GeoProperty JsonProperty LanguageProperty ListProperty ListRelationship
    Notification Property Relationship Snapshot SnapshotNotification Subscription TemporalProperty
    Time VocabProperty accept aggrParams aggrMethods aggrPeriodDuration attributeCount
    attributeDetails attributeList attributeName attributeNames attributeTypes attributes attrs avg
    cacheDuration collation contextSourceAlias contextSourceExtras contextSourceInfo
    contextSourceTimeAt contextSourceUptime cooldown createdAt csf data datasetId deletedAt detail
    distinctCount endAt endTimeAt endpoint entities entity entityCount entityId entityList error
    errors expandValues expiresAt format geoQ geoproperty georel idPattern information instanceId
    isActive join jsonKeys jsonldContext jsons lang lastFailure lastN lastNotification lastSuccess
    lastUsedAt linkedMaps localOnly location management managementInterval max min mode modifiedAt
    ngsildproof ngsildConformance notification notificationTrigger notifiedAt notifierInfo
    notUpdated observationInterval observationSpace observedAt omit operations operationSpace
    orderBy ordering pick problemDetails propertyNames q reason receiverInfo refreshRate
    registrationId registrationName relationshipNames resultStatus scope scopeQ showChanges
    snapshotId snapshotLifetime snapshotPriority snapshotQueries snapshotQueriesDetails
    snapshotStatus snapshotTemporalQueries snapshotTemporalQueriesDetails startAt status stddev
    subscriptionId subscriptionName success sum sumsq sysAttrs temporalQ tenant throttling timeAt
    timeInterval timeout timeproperty timerel timesFailed timesSent totalCount triggerReason
    typeList typeName typeNames unchanged unitCode updated uri watchedAttributes
"""

# The same for the vocabulary of GeoJSON
_GEOJSON = """
    Feature FeatureCollection GeometryCollection LineString MultiLineString MultiPoint MultiPolygon
    Point Polygon bbox coordinates features geometry properties
"""

# Terms that are named "has..." or "is..." in the NGSI-LD namespace
_RENAMED = {
    "containedBy": "isContainedBy",
    "dataset": "hasDataset",
    "entityMap": "hasEntityMap",
    "entityMapLifetime": "hasEntityMapLifetime",
    "joinLevel": "hasJoinLevel",
    "json": "hasJSON",
    "key": "hasKey",
    "languageMap": "hasLanguageMap",
    "languageMaps": "hasLanguageMaps",
    "object": "hasObject",
    "objectList": "hasObjectList",
    "objectLists": "hasObjectLists",
    "objectType": "hasObjectType",
    "objects": "hasObjects",
    "previousJson": "hasPreviousJson",
    "previousLanguageMap": "hasPreviousLanguageMap",
    "previousObject": "hasPreviousObject",
    "previousObjectList": "hasPreviousObjectList",
    "previousValue": "hasPreviousValue",
    "previousValueList": "hasPreviousValueList",
    "previousVocab": "hasPreviousVocab",
    "splitEntities": "hasSplitEntities",
    "value": "hasValue",
    "valueList": "hasValueList",
    "valueLists": "hasValueLists",
    "valueType": "hasValueType",
    "values": "hasValues",
    "vocab": "hasVocab",
    "vocabs": "hasVocabs",
}

CORE_TERMS: dict[str, str] = {
    "ngsi-ld": NGSI_LD,
    "geojson": GEOJSON,
    "id": "@id",
    "type": "@type",
    "description": "http://purl.org/dc/terms/description",
    "title": "http://purl.org/dc/terms/title",
    "langString": "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString",
    **{term: NGSI_LD + term for term in _PLAIN.split()},
    **{term: GEOJSON + term for term in _GEOJSON.split()},
    **{term: NGSI_LD + name for term, name in _RENAMED.items()},
}
