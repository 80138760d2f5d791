<?php
// A regulator written on PHP: pulls a report and the first entries on both ports, and prints what it saw as JSON.
//
// usage: php regulator.php BASE_URL CERT_DIR ROOT_PEM

require __DIR__ . '/signed_soap_client.php';

[, $base, $folder, $root] = $argv;
$issuing = dirname($root) . '/issuing.pem';

/** The newest RPT-01, once the hub lists one. */
function firstReport(SignedSoapClient $client): object
{
    for ($until = time() + 60; time() < $until; usleep(200_000)) {
        $reports = $client->ListReports(['ReportType' => 'RPT-01', 'Limit' => 10])->Report ?? [];
        if ($reports !== []) {
            return $reports[0];
        }
    }
    throw new Exception('the hub listed no report in time');
}

$seen = ['php' => PHP_VERSION, 'ports' => []];
foreach (['Soap11' => SOAP_1_1, 'Soap12' => SOAP_1_2] as $name => $version) {
    $client = new SignedSoapClient("$base/soap/regulator?wsdl", $folder, $root, [$root, $issuing], $version);
    $client->__setLocation("$base/soap/regulator");
    $listed = firstReport($client);
    $report = $client->GetReport(['ReportId' => $listed->ReportId, 'Version' => $listed->Version]);
    $entries = $client->GetMessages(['After' => 0, 'Limit' => 5])->Entry;
    $seen['ports'][] = [
        'port' => $name,
        'report' => $report->ReportId,
        'whole' => hash('sha256', $report->Document) === $report->Digest,
        'entries' => count($entries),
        'first' => $entries[0]->Number,
        'verified' => $client->verified,
    ];
}
echo json_encode($seen, JSON_UNESCAPED_UNICODE), "\n";
