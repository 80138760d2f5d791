<?php
// An enterprise written on PHP: submits, repeats, asks for its receipt and its grants on both ports, and prints what it
// saw as JSON.
//
// usage: php enterprise.php BASE_URL CERT_DIR ROOT_PEM OUT_DIR PARK SENDER

require __DIR__ . '/signed_soap_client.php';

[, $base, $folder, $root, $out, $park, $sender] = $argv;
$issuing = dirname($root) . '/issuing.pem';

function uuid(): string
{
    $bytes = random_bytes(16);
    $bytes[6] = chr(ord($bytes[6]) & 0x0f | 0x40);
    $bytes[8] = chr(ord($bytes[8]) & 0x3f | 0x80);
    return vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex($bytes), 4));
}

function message(string $park, string $sender, string $id, string $words, string $now, string $until): array
{
    return [
        'Header' => [
            'MessageId' => $id, 'MessageType' => 'VehicleRegistration', 'SchemaVersion' => '1.0', 'ParkCode' => $park,
            'SenderId' => $sender, 'OccurredAt' => $now, 'SentAt' => $now, 'Sequence' => 1, 'Quality' => 'MANUAL',
            'Sensitivity' => 'INTERNAL', 'Test' => false,
        ],
        'Body' => ['VehicleRegistration' => [
            'RegistrationId' => 'REG-PHP-1', 'Plate' => ['Number' => '苏H12348', 'Colour' => 'YELLOW'],
            'SubjectKind' => 'VEH_FREIGHT', 'EnterpriseId' => $sender, 'CarrierName' => $words, 'ValidFrom' => $now,
            'ValidTo' => $until, 'State' => 'ACTIVE',
        ]],
    ];
}

$seen = ['php' => PHP_VERSION, 'ports' => []];
foreach (['Soap11' => SOAP_1_1, 'Soap12' => SOAP_1_2] as $name => $version) {
    $client = new SignedSoapClient("$base/soap/enterprise?wsdl", $folder, $root, [$root, $issuing], $version);
    $client->__setLocation("$base/soap/enterprise");
    $id = uuid();
    $now = date('Y-m-d\TH:i:s.uP');
    $until = date('Y-m-d\TH:i:sP', time() + 86400);
    $submit = static fn (string $words) => $client->SubmitMessages(['Message' => [message($park, $sender, $id, $words, $now, $until)]])->Result[0]->Answer;
    $port = ['port' => $name, 'message_id' => $id, 'first' => $submit('first')];
    $port['answer_file'] = "$out/php-$name.xml";
    file_put_contents($port['answer_file'], $client->lastAnswer);
    $port['again'] = $submit('first');
    $port['other'] = $submit('other');
    $port['asked'] = $client->GetReceipt(['SenderId' => $sender, 'MessageId' => $id])->Answer;
    $port['grants'] = count($client->QueryGrants(['Limit' => 10])->Grant ?? []);
    $port['verified'] = $client->verified;
    $seen['ports'][] = $port;
}
echo json_encode($seen, JSON_UNESCAPED_UNICODE), "\n";
